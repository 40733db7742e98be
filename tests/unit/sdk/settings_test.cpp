#include "signalbox/settings.hpp"

#include <gtest/gtest.h>

namespace signalbox {
namespace {

const Settings kSettings({{"url", "redis://localhost"},
                          {"timeout", "1500"},
                          {"tls.verify", "true"},
                          {"urls", "first"},
                          {"urls", "second"},
                          {"empty", ""}});

TEST(Settings, GivesEachValueInItsType) {
  EXPECT_EQ(kSettings.text("url"), "redis://localhost");
  EXPECT_EQ(kSettings.integer("timeout"), 1500);
  EXPECT_EQ(kSettings.duration("timeout"), std::chrono::milliseconds(1500));
  EXPECT_TRUE(kSettings.flag("tls.verify"));
}

TEST(Settings, GivesAListInItsOrder) {
  EXPECT_EQ(kSettings.list("urls"), (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(kSettings.all().size(), 6u);
}

TEST(Settings, GivesEmptyValuesForWhatIsNotThere) {
  EXPECT_EQ(kSettings.text("missing"), "");
  EXPECT_EQ(kSettings.integer("missing"), 0);
  EXPECT_FALSE(kSettings.flag("missing"));
  EXPECT_TRUE(kSettings.list("missing").empty());
  EXPECT_EQ(kSettings.text("UR"), "");
  EXPECT_EQ(kSettings.text("empty"), "");
}

}  // namespace
}  // namespace signalbox

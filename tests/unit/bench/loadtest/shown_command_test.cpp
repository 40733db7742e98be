#include "bench/loadtest/shown_command.hpp"

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

constexpr Option kPassword{"password", "text", "", "", 0, 0, SIGNALBOX_OPTION_SECRET, 0};
constexpr Option kUrl{"url", "text", "", "", 0, 0, SIGNALBOX_OPTION_URL, 0};

std::string shown(const std::vector<std::string>& words) {
  return shown_command(words, [](const std::string& key) -> const Option* {
    if (key == "broker.redis.password") return &kPassword;
    return key == "broker.redis.url" ? &kUrl : nullptr;
  });
}

TEST(ShownCommand, IsTheCommandAsAShellReadsIt) {
  EXPECT_EQ(shown({"signalbox", "bench", "--report", "my out", "--max-loss", "", "it's"}),
            "signalbox bench --report 'my out' --max-loss '' 'it'\\''s'");
}

TEST(ShownCommand, HidesTheKeyOfTheApi) {
  EXPECT_EQ(shown({"bench", "--api-key", "hunter2", "--json"}), "bench --api-key *** --json");
  EXPECT_EQ(shown({"bench", "--api-key=hunter2"}), "bench '--api-key=***'");
  EXPECT_EQ(shown({"bench", "--api-key", "--x=hunter2"}), "bench --api-key ***");
}

TEST(ShownCommand, HidesSecretsInSettings) {
  EXPECT_EQ(shown({"--set", "broker.redis.password=hunter2"}), "--set 'broker.redis.password=***'");
  EXPECT_EQ(shown({"--set=broker.redis.password=hunter2"}), "'--set=broker.redis.password=***'");
  EXPECT_EQ(shown({"--set", "broker.redis.url=redis://me:hunter2@there:1"}), "--set 'broker.redis.url=redis://me:***@there:1'");
  EXPECT_EQ(shown({"--set", "broker.redis.url=redis://there:1"}), "--set broker.redis.url=redis://there:1");
  EXPECT_EQ(shown({"--set", "broker.mine.pin=1234"}), "--set 'broker.mine.pin=***'") << "nobody knows what it is";
  EXPECT_EQ(shown({"--set", "hunter2"}), "--set ***");
}

TEST(ShownCommand, HidesPasswordsInUrlsOfOtherFlags) {
  EXPECT_EQ(shown({"--target", "ws://me:hunter2@there:1"}), "--target 'ws://me:***@there:1'");
}

}  // namespace
}  // namespace signalbox::bench

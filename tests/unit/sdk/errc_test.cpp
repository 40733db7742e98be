#include "signalbox/errc.hpp"

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "signalbox/plugin.h"

namespace signalbox {
namespace {

struct Row {
  errc code;
  int c_value;
  const char* word;
};

constexpr std::array<Row, 10> kRows{{
    {errc::invalid_argument, SIGNALBOX_INVALID_ARGUMENT, "invalid_argument"},
    {errc::too_large, SIGNALBOX_TOO_LARGE, "too_large"},
    {errc::unavailable, SIGNALBOX_UNAVAILABLE, "unavailable"},
    {errc::overloaded, SIGNALBOX_OVERLOADED, "overloaded"},
    {errc::unknown_outcome, SIGNALBOX_UNKNOWN_OUTCOME, "unknown_outcome"},
    {errc::rejected, SIGNALBOX_REJECTED, "rejected"},
    {errc::superseded, SIGNALBOX_SUPERSEDED, "superseded"},
    {errc::unsupported, SIGNALBOX_UNSUPPORTED, "unsupported"},
    {errc::closed, SIGNALBOX_CLOSED, "closed"},
    {errc::internal, SIGNALBOX_INTERNAL, "internal"},
}};

TEST(Errc, HasTheValuesOfTheCEnum) {
  for (const Row& row : kRows) EXPECT_EQ(static_cast<int>(row.code), row.c_value) << row.word;
}

TEST(Errc, HasTheWordsThatHttpAndEnvelopeModeShow) {
  std::set<std::string> seen;
  for (const Row& row : kRows) {
    EXPECT_STREQ(word(row.code), row.word);
    EXPECT_TRUE(seen.insert(word(row.code)).second) << row.word << " stands for two codes";
  }
}

TEST(Errc, SaysOkForZeroAndInternalForValuesItDoesNotKnow) {
  EXPECT_STREQ(word(static_cast<errc>(0)), "ok");
  EXPECT_STREQ(word(static_cast<errc>(11)), "internal");
  EXPECT_STREQ(word(static_cast<errc>(-1)), "internal");
}

TEST(Errc, IsAnErrorCodeWhoseMessageIsItsWord) {
  const std::error_code code = errc::unknown_outcome;
  EXPECT_EQ(code.message(), "unknown_outcome");
  EXPECT_EQ(code.category(), category());
  EXPECT_STREQ(code.category().name(), "signalbox");
  EXPECT_EQ(code.value(), SIGNALBOX_UNKNOWN_OUTCOME);
  EXPECT_EQ(code, errc::unknown_outcome);
  EXPECT_NE(code, errc::unavailable);
}

}  // namespace
}  // namespace signalbox

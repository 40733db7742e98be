#include "signalbox/errc.hpp"

#include <gtest/gtest.h>

#include "signalbox/plugin.h"

namespace signalbox {
namespace {

TEST(Errc, IsAnErrorCodeWhoseMessageIsItsWord) {
  const std::error_code code = errc::unknown_outcome;
  EXPECT_EQ(code.message(), "unknown_outcome");
  EXPECT_EQ(code.category(), category());
  EXPECT_EQ(code.value(), SIGNALBOX_UNKNOWN_OUTCOME);
}

}  // namespace
}  // namespace signalbox

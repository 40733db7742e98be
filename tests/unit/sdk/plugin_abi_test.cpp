// The plugin boundary is the same from C and from C++. Its layout stands in sdk/abi/plugin.txt (tests/abi).
#include <cstddef>
#include <type_traits>

#include <gtest/gtest.h>

#include "signalbox/broker.hpp"
#include "signalbox/plugin.h"

#include "tests/unit/sdk/plugin_c11.h"

namespace signalbox {
namespace {

// What crosses as an integer has the number that the C enum gives it.
static_assert(static_cast<int>(Precision::exact) == SIGNALBOX_PRECISION_EXACT);
static_assert(static_cast<int>(Precision::at_least) == SIGNALBOX_PRECISION_AT_LEAST);
static_assert(static_cast<int>(Precision::estimate) == SIGNALBOX_PRECISION_ESTIMATE);
static_assert(static_cast<int>(Precision::unknown) == SIGNALBOX_PRECISION_UNKNOWN);
static_assert(static_cast<int>(ExistsKind::authoritative) == SIGNALBOX_EXISTS_AUTHORITATIVE);
static_assert(static_cast<int>(ExistsKind::probed) == SIGNALBOX_EXISTS_PROBED);
static_assert(static_cast<int>(ExistsKind::replicated) == SIGNALBOX_EXISTS_REPLICATED);
static_assert(static_cast<int>(ExistsKind::unsupported) == SIGNALBOX_EXISTS_UNSUPPORTED);
static_assert(static_cast<int>(State::connecting) == SIGNALBOX_STATE_CONNECTING);
static_assert(static_cast<int>(State::ready) == SIGNALBOX_STATE_READY);
static_assert(static_cast<int>(State::degraded) == SIGNALBOX_STATE_DEGRADED);
static_assert(static_cast<int>(State::failed) == SIGNALBOX_STATE_FAILED);
static_assert(static_cast<int>(State::closed) == SIGNALBOX_STATE_CLOSED);
static_assert(static_cast<int>(LogLevel::debug) == SIGNALBOX_LOG_DEBUG);
static_assert(static_cast<int>(LogLevel::info) == SIGNALBOX_LOG_INFO);
static_assert(static_cast<int>(LogLevel::warning) == SIGNALBOX_LOG_WARNING);
static_assert(static_cast<int>(LogLevel::error) == SIGNALBOX_LOG_ERROR);

template <class... Structs>
void expect_same_in_c() {
  static_assert(sizeof...(Structs) == SIGNALBOX_TESTS_STRUCTS);
  static_assert((std::is_standard_layout_v<Structs> && ...) && (std::is_trivially_copyable_v<Structs> && ...));
  const std::size_t sizes[] = {sizeof(Structs)...};
  for (std::size_t i = 0; i < SIGNALBOX_TESTS_STRUCTS; ++i) EXPECT_EQ(sizes[i], signalbox_tests_c_sizes[i]) << "struct " << i;
}

TEST(PluginAbi, HasTheSameSizesInCAndInCpp) {
  expect_same_in_c<signalbox_view, signalbox_setting, signalbox_message, signalbox_result, signalbox_capabilities,
                   signalbox_host, signalbox_broker, signalbox_option, signalbox_plugin>();
}

TEST(PluginAbi, ReadsADescriptorThatCWrote) {
  const signalbox_plugin* plugin = signalbox_tests_c_descriptor();
  EXPECT_EQ(plugin->struct_size, sizeof(signalbox_plugin));
  EXPECT_EQ(plugin->abi_major, SIGNALBOX_ABI_MAJOR);
  EXPECT_STREQ(plugin->name, "in_c");
  ASSERT_EQ(plugin->option_count, 2u);
  EXPECT_EQ(plugin->option_size, sizeof(signalbox_option));
  EXPECT_STREQ(plugin->options[1].key, "password");
  EXPECT_EQ(plugin->options[1].flags, unsigned{SIGNALBOX_OPTION_SECRET});
  char error[4] = "old";
  EXPECT_EQ(plugin->create(nullptr, nullptr, 0, error, sizeof error), nullptr);
  EXPECT_STREQ(error, "");
}

}  // namespace
}  // namespace signalbox

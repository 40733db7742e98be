// Pins the layout of every struct that crosses the plugin boundary. A change here breaks plugins that exist: fields are
// added at the end only, with a new minor version.
#include <cstddef>
#include <type_traits>

#include <gtest/gtest.h>

#include "signalbox/broker.hpp"
#include "signalbox/plugin.h"

#include "tests/unit/sdk/plugin_c11.h"

namespace signalbox {
namespace {

static_assert(sizeof(void*) == 8, "the figures below are those of LP64");

static_assert(sizeof(signalbox_view) == 16);
static_assert(offsetof(signalbox_view, data) == 0);
static_assert(offsetof(signalbox_view, size) == 8);

static_assert(sizeof(signalbox_setting) == 32);
static_assert(offsetof(signalbox_setting, key) == 0);
static_assert(offsetof(signalbox_setting, value) == 16);

static_assert(sizeof(signalbox_message) == 32);
static_assert(offsetof(signalbox_message, channel) == 0);
static_assert(offsetof(signalbox_message, payload) == 16);

static_assert(sizeof(signalbox_result) == 40);
static_assert(offsetof(signalbox_result, struct_size) == 0);
static_assert(offsetof(signalbox_result, status) == 4);
static_assert(offsetof(signalbox_result, detail) == 8);
static_assert(offsetof(signalbox_result, receivers) == 24);
static_assert(offsetof(signalbox_result, precision) == 32);
static_assert(offsetof(signalbox_result, exists) == 36);

static_assert(sizeof(signalbox_capabilities) == 40);
static_assert(offsetof(signalbox_capabilities, struct_size) == 0);
static_assert(offsetof(signalbox_capabilities, receivers) == 4);
static_assert(offsetof(signalbox_capabilities, exists) == 8);
static_assert(offsetof(signalbox_capabilities, propagation_hint_ms) == 12);
static_assert(offsetof(signalbox_capabilities, dead_host_bound_ms) == 16);
static_assert(offsetof(signalbox_capabilities, max_payload_bytes) == 24);
static_assert(offsetof(signalbox_capabilities, continuity) == 32);
static_assert(offsetof(signalbox_capabilities, reserved) == 36);

static_assert(sizeof(signalbox_host) == 120);
static_assert(offsetof(signalbox_host, struct_size) == 0);
static_assert(offsetof(signalbox_host, call_timeout_ms) == 4);
static_assert(offsetof(signalbox_host, context) == 8);
static_assert(offsetof(signalbox_host, instance_id) == 16);
static_assert(offsetof(signalbox_host, channel_prefix) == 32);
static_assert(offsetof(signalbox_host, payload_bytes) == 48);
static_assert(offsetof(signalbox_host, log_enabled) == 56);
static_assert(offsetof(signalbox_host, log) == 64);
static_assert(offsetof(signalbox_host, deliver) == 72);
static_assert(offsetof(signalbox_host, gap) == 80);
static_assert(offsetof(signalbox_host, complete) == 88);
static_assert(offsetof(signalbox_host, state) == 96);
static_assert(offsetof(signalbox_host, refused) == 104);
static_assert(offsetof(signalbox_host, extension) == 112);

static_assert(sizeof(signalbox_broker) == 88);
static_assert(offsetof(signalbox_broker, struct_size) == 0);
static_assert(offsetof(signalbox_broker, reserved) == 4);
static_assert(offsetof(signalbox_broker, self) == 8);
static_assert(offsetof(signalbox_broker, start) == 16);
static_assert(offsetof(signalbox_broker, subscribe) == 24);
static_assert(offsetof(signalbox_broker, unsubscribe) == 32);
static_assert(offsetof(signalbox_broker, publish) == 40);
static_assert(offsetof(signalbox_broker, exists) == 48);
static_assert(offsetof(signalbox_broker, capabilities) == 56);
static_assert(offsetof(signalbox_broker, stop) == 64);
static_assert(offsetof(signalbox_broker, destroy) == 72);
static_assert(offsetof(signalbox_broker, extension) == 80);

static_assert(sizeof(signalbox_option) == 56);
static_assert(offsetof(signalbox_option, key) == 0);
static_assert(offsetof(signalbox_option, type) == 8);
static_assert(offsetof(signalbox_option, fallback) == 16);
static_assert(offsetof(signalbox_option, meaning) == 24);
static_assert(offsetof(signalbox_option, min) == 32);
static_assert(offsetof(signalbox_option, max) == 40);
static_assert(offsetof(signalbox_option, flags) == 48);
static_assert(offsetof(signalbox_option, reserved) == 52);

static_assert(sizeof(signalbox_plugin) == 56);
static_assert(offsetof(signalbox_plugin, struct_size) == 0);
static_assert(offsetof(signalbox_plugin, abi_major) == 4);
static_assert(offsetof(signalbox_plugin, abi_minor) == 6);
static_assert(offsetof(signalbox_plugin, name) == 8);
static_assert(offsetof(signalbox_plugin, version) == 16);
static_assert(offsetof(signalbox_plugin, options) == 24);
static_assert(offsetof(signalbox_plugin, option_count) == 32);
static_assert(offsetof(signalbox_plugin, option_size) == 40);
static_assert(offsetof(signalbox_plugin, create) == 48);

// What crosses as an integer has the number that the C enum gives it.
static_assert(static_cast<int>(Precision::exact) == SIGNALBOX_EXACT);
static_assert(static_cast<int>(Precision::at_least) == SIGNALBOX_AT_LEAST);
static_assert(static_cast<int>(Precision::estimate) == SIGNALBOX_ESTIMATE);
static_assert(static_cast<int>(Precision::unknown) == SIGNALBOX_UNKNOWN);
static_assert(static_cast<int>(ExistsKind::authoritative) == SIGNALBOX_EXISTS_AUTHORITATIVE);
static_assert(static_cast<int>(ExistsKind::probed) == SIGNALBOX_EXISTS_PROBED);
static_assert(static_cast<int>(ExistsKind::replicated) == SIGNALBOX_EXISTS_REPLICATED);
static_assert(static_cast<int>(ExistsKind::unsupported) == SIGNALBOX_EXISTS_UNSUPPORTED);
static_assert(static_cast<int>(State::connecting) == SIGNALBOX_CONNECTING);
static_assert(static_cast<int>(State::ready) == SIGNALBOX_READY);
static_assert(static_cast<int>(State::degraded) == SIGNALBOX_DEGRADED);
static_assert(static_cast<int>(State::failed) == SIGNALBOX_FAILED);
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

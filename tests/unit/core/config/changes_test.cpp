#include "core/config/changes.hpp"

#include <gmock/gmock.h>

#include "core/config/options.hpp"

namespace signalbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Config with_plugin(std::string section, std::vector<std::pair<std::string, std::string>> settings) {
  Config config;
  config.broker.plugin = config.broker.section = std::move(section);
  config.broker.settings = std::move(settings);
  return config;
}

TEST(Changes, AreNoneBetweenEquals) {
  const Config config = with_plugin("alpha", {{"hosts", "a"}, {"hosts", "b"}});
  EXPECT_THAT(changes_between(config, config).live, IsEmpty());
  EXPECT_THAT(changes_between(config, config).restart, IsEmpty());
}

TEST(Changes, AreLiveOrNeedARestart) {
  Config wanted;
  wanted.logging.level = "debug";
  wanted.limits.connections = 7;
  wanted.api.keys = {"k"};
  wanted.server.allowed_origins = {"*.example.com"};
  wanted.server.listen.port = 1;
  wanted.limits.message_bytes = 1;
  wanted.logging.keep = 1;
  const ConfigChanges changes = changes_between(Config(), wanted);
  EXPECT_THAT(changes.live, ElementsAre("server.allowed_origins", "api.keys", "limits.connections", "logging.level"));
  EXPECT_THAT(changes.restart, ElementsAre("server.listen", "limits.message_bytes", "logging.keep"));
}

TEST(Changes, NameTheOptionsOfThePlugin) {
  const Config running = with_plugin("alpha", {{"url", "a"}, {"hosts", "a"}, {"hosts", "b"}, {"properties.x", "1"}});
  const Config wanted = with_plugin("alpha", {{"url", "a"}, {"hosts", "a"}, {"properties.y", "1"}});
  EXPECT_THAT(changes_between(running, wanted).restart,
              ElementsAre("broker.alpha.hosts", "broker.alpha.properties.x", "broker.alpha.properties.y"));
}

TEST(Changes, NameOnlyThePluginWhereItIsAnother) {
  const Config running = with_plugin("alpha", {{"url", "a"}});
  const Config wanted = with_plugin("beta", {{"url", "b"}});
  EXPECT_THAT(changes_between(running, wanted).restart, ElementsAre("broker.plugin"));
}

TEST(Changes, TakeOverTheLiveKeysOnly) {
  Config wanted;
  for (const CoreOption& option : core_options()) {
    const std::string_view type = option.row.type;
    const bool is_number = type == "integer" || type == "size" || type == "duration";
    if (is_number) option.set(wanted, {std::to_string(option.row.max)});
    if (type == "list") option.set(wanted, {"x"});
  }
  wanted.logging.level = "error";
  wanted.broker.settings = {{"url", "other"}};
  const Config merged = with_live_keys(Config(), wanted);
  for (const CoreOption& option : core_options()) {
    EXPECT_EQ(option.get(merged), option.get(option.live ? wanted : Config())) << option.row.key;
  }
  EXPECT_THAT(merged.broker.settings, IsEmpty());
  EXPECT_THAT(changes_between(merged, wanted).live, IsEmpty());
}

TEST(Changes, AreLiveForLevelKeysOriginsAndLimits) {
  for (const CoreOption& option : core_options()) {
    const std::string_view key = option.row.key;
    // The plugin was told limits.message_bytes when it was made.
    const bool is_limit = key.starts_with("limits.") && key != "limits.message_bytes";
    EXPECT_EQ(option.live, is_limit || key == "logging.level" || key == "api.keys" || key == "server.allowed_origins") << key;
  }
}

}  // namespace
}  // namespace signalbox

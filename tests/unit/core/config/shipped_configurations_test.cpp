// The files of configs/ against the tables of options.
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

#include "brokers/kafka/options.hpp"
#include "brokers/memory/memory_broker.hpp"
#include "brokers/nats/options.hpp"
#include "brokers/redis/options.hpp"
#include "core/config/files.hpp"
#include "core/config/loader.hpp"
#include "core/config/options.hpp"

namespace signalbox {
namespace {

using testing::IsEmpty;

PluginTable find_shipped_plugin(const std::string& name, const std::vector<std::string>&) {
  if (name == "redis") return {name, redis::kOptions};
  if (name == "nats") return {name, nats::kOptions};
  if (name == "kafka") return {name, kafka::kOptions};
  return {name, kMemoryOptions};
}

/// What is in force where `file` is read (empty: no file) and `plugin` chosen (empty: by the file).
std::string in_force(const std::string& file, const std::string& plugin) {
  Source source;
  if (!file.empty()) source.file = std::string(SIGNALBOX_CONFIGS) + "/" + file;
  if (!plugin.empty()) source.overrides = {{"broker.plugin", plugin}};
  const LoadedConfig loaded = load_config(source, find_shipped_plugin, LoadMode::check);
  EXPECT_THAT(loaded.warnings, IsEmpty()) << file;
  return effective_yaml(loaded.config, find_shipped_plugin);
}

TEST(ShippedConfigurations, AreTheDefaults) {
  for (const std::string name : {"redis", "nats", "kafka", "memory"}) {
    EXPECT_EQ(in_force(name + ".yaml", ""), in_force("", name));
  }
}

TEST(ShippedConfigurations, HoldEveryBrokersSectionInTheDefaultFile) {
  EXPECT_EQ(in_force("signalbox.yaml", ""), in_force("", "redis"));
  for (const std::string name : {"redis", "nats", "kafka", "memory"}) {
    EXPECT_EQ(in_force("signalbox.yaml", name), in_force("", name));
  }
}

/// Whether `text` has `    key:` in the section of this name, which stands two spaces deep.
bool shows(const std::string& text, const std::string& section, std::string_view key) {
  const std::size_t begin = text.find("\n  " + section + ":\n");
  if (begin == std::string::npos) return false;
  std::size_t end = begin + 1;
  do end = text.find('\n', end) + 1;
  while (text.compare(end, 4, "    ") == 0);
  return text.substr(begin, end - begin).find("\n    " + std::string(key) + ":") != std::string::npos;
}

TEST(ShippedConfigurations, TheDefaultFileShowsEveryKey) {
  const std::string text = read_file(std::string(SIGNALBOX_CONFIGS) + "/signalbox.yaml", 1 << 20);
  for (const CoreOption& option : core_options()) {
    const std::string_view key = option.row.key;
    EXPECT_NE(text.find(" " + std::string(key.substr(key.rfind('.') + 1)) + ":"), std::string::npos) << key;
  }
  for (const std::string name : {"redis", "nats", "kafka"}) {
    for (const Option& option : find_shipped_plugin(name, {}).options) {
      // What stands below a prefix is shown by it.
      const std::string_view key = option.key;
      EXPECT_TRUE(shows(text, name, key.substr(0, key.find('.')))) << name << "." << key;
    }
  }
}

}  // namespace
}  // namespace signalbox

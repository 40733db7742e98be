#include <cstdio>

#include "core/fault.hpp"
#include "server/commands/commands.hpp"

namespace signalbox::commands {

void ConfigOptions::add_to(CLI::App& command) {
  command
      .add_option("-c,--config", file,
                  "Configuration file (default: configs/signalbox.yaml if there, else the built-in defaults)")
      ->type_name("FILE");
  command.add_option("--broker", broker, "Broker plugin, by name or path: sets broker.plugin (default: redis)")
      ->type_name("NAME");
  command.add_option("--set", sets, "Set one key of the configuration, as in --set limits.queue_bytes=4MiB; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

Source ConfigOptions::source(Overrides more) const {
  Source source;
  source.file = file ? file : default_config_file();
  source.environment = process_environment();
  for (const std::string& set : sets) {
    const std::size_t equals = set.find('=');
    if (equals == std::string::npos || equals == 0) throw ConfigError("--set " + set + ": has to be KEY=VALUE");
    source.overrides.emplace_back(set.substr(0, equals), set.substr(equals + 1));
  }
  if (broker) source.overrides.emplace_back("broker.plugin", *broker);
  for (auto& entry : more) source.overrides.push_back(std::move(entry));
  return source;
}

LoadedConfig ConfigOptions::load(const FindPlugin& find, LoadMode mode, Overrides more) const {
  LoadedConfig loaded = load_config(source(std::move(more)), find, mode);
  for (const std::string& warning : loaded.warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  return loaded;
}

}  // namespace signalbox::commands

// signalbox plugins: what brokers there are to choose from.
#include <cstdio>
#include <memory>

#include "brokers/memory/memory_broker.hpp"
#include "core/plugins/plugin_library.hpp"
#include "server/broker_factory.hpp"
#include "server/commands/commands.hpp"
#include "server/version.hpp"

namespace signalbox::commands {
namespace {

void print_options(std::span<const Option> options) {
  for (const Option& option : options) {
    std::printf("    %s: %s%s%s  %s\n", option.key, option.type, *option.fallback ? ", default " : "", option.fallback,
                option.meaning);
  }
}

int print_plugins(const ConfigOptions& options) {
  PluginCatalog catalog;
  const Config config = options.load(catalog.finder(), LoadMode::serve);
  std::printf("memory  version %s  ABI %d  built in\n", kVersion, SIGNALBOX_ABI_MAJOR);
  print_options(memory_options());
  for (const FoundPlugin& found : find_plugins(config.broker.plugin_path)) {
    if (!found.library.descriptor) {
      std::printf("refused: %s\n", found.refusal.c_str());
      continue;
    }
    const signalbox_plugin& plugin = *found.library.descriptor;
    std::printf("%s  version %s  ABI %d  %s\n", plugin.name, plugin.version, plugin.abi_major, found.path.c_str());
    print_options(found.library.options);
  }
  return kDone;
}

}  // namespace

Run add_plugins(CLI::App& app) {
  auto options = std::make_shared<ConfigOptions>();
  CLI::App* command = app.add_subcommand("plugins", "List the broker plugins found, and their options");
  options->add_to(*command);
  return [options] { return print_plugins(*options); };
}

}  // namespace signalbox::commands

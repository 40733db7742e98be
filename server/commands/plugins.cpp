// signalbox plugins: what brokers there are to choose from.
#include <cstdio>
#include <memory>

#include "core/fault.hpp"
#include "core/plugins/plugin_library.hpp"
#include "server/broker_factory.hpp"
#include "server/commands/commands.hpp"
#include "server/commands/help.hpp"
#include "server/silent_host.hpp"

namespace signalbox::commands {
namespace {

void print_options(std::span<const Option> options) {
  for (const Option& option : options) {
    std::printf("    %s: %s%s%s%s  %s\n", option.key, option.type, *option.fallback ? ", default " : "", option.fallback,
                (option.flags & SIGNALBOX_OPTION_SECRET) != 0 ? ", secret" : "", option.meaning);
  }
}

void print_capabilities(const Capabilities& has) {
  std::printf("    receivers %s · exists %s · propagation hint %lld ms · dead-host bound ", word(has.receivers),
              word(has.exists), static_cast<long long>(has.propagation_hint.count()));
  if (has.dead_host_bound == std::chrono::milliseconds::max()) {
    std::printf("not known");
  } else {
    std::printf("%lld ms", static_cast<long long>(has.dead_host_bound.count()));
  }
  std::printf(" · largest payload %zu B · continuity %s\n", has.max_payload_bytes, has.continuity ? "yes" : "no");
}

/// A plugin by name or path, with what its broker would promise under this configuration.
void print_plugin(const ConfigOptions& options, const std::string& name_or_path, const std::string& where) {
  PluginCatalog catalog;
  try {
    const Config config = options.load(catalog.finder(), LoadMode::serve, {{"broker.plugin", name_or_path}}).config;
    const BrokerFactory factory(config.broker);
    std::printf("%s  version %s  ABI %d  %s\n", factory.name().c_str(), factory.version().c_str(), SIGNALBOX_ABI_MAJOR,
                where.c_str());
    SilentHost host(config);
    print_capabilities(factory.make(host)->capabilities());
  } catch (const ConfigError& e) {
    std::printf("%s: %s\n", where.c_str(), e.what());
  }
  print_options(catalog.table(name_or_path, {}).options);
}

int print_plugins(const ConfigOptions& options) {
  PluginCatalog catalog;
  // Memory is always there: what is configured may be what is missing.
  const Config config = options.load(catalog.finder(), LoadMode::serve, {{"broker.plugin", "memory"}}).config;
  print_plugin(options, "memory", "built in");
  for (const FoundPlugin& found : find_plugins(config.broker.plugin_path)) {
    if (found.library.descriptor) {
      print_plugin(options, found.path, found.path);
    } else {
      std::printf("refused: %s\n", found.refusal.c_str());
    }
  }
  return kDone;
}

}  // namespace

Run add_plugins(CLI::App& app) {
  auto options = std::make_shared<ConfigOptions>();
  CLI::App* command =
      app.add_subcommand("plugins",
                         "List the broker plugins found, what they promise and their options\n"
                         "Looks in broker.plugin_path, in plugins/ beside the executable, in ../lib/signalbox/plugins and "
                         "in the install directory.");
  options->add_to(*command);
  command->footer(
      help_end({.reads_configuration = true,
                .exit_codes = {{kDone, "Done, also when a plugin was refused"}, {kWrongUsage, "Wrong usage or configuration"}},
                .examples = {"signalbox plugins", "signalbox plugins --set broker.plugin_path=[/opt/brokers]"}}));
  return [options] { return print_plugins(*options); };
}

}  // namespace signalbox::commands

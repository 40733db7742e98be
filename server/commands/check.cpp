// signalbox check: validates the configuration, with every plugin that it has a section for.
#include <cstdio>
#include <memory>

#include "server/broker_factory.hpp"
#include "server/commands/commands.hpp"
#include "server/commands/help.hpp"
#include "server/silent_host.hpp"

namespace signalbox::commands {

Run add_check(CLI::App& app) {
  auto options = std::make_shared<ConfigOptions>();
  CLI::App* command =
      app.add_subcommand("check",
                         "Validate the configuration and print what is in effect\n"
                         "Reads what serve would read, loads the broker plugins and asks them about their sections, without "
                         "connecting anywhere. Prints YAML, with secrets as ***.");
  options->add_to(*command);
  command->footer(
      help_end({.reads_configuration = true,
                .exit_codes = {{kDone, "Valid"}, {kWrongUsage, "Wrong usage or configuration: the line on stderr says where"}},
                .examples = {"signalbox check -c configs/redis.yaml"}}));
  return [options] {
    PluginCatalog catalog;
    const LoadedConfig loaded = options->load(catalog.finder(), LoadMode::check);
    // What a plugin itself has to say of its section: a URL it can't read, a file that is not there.
    SilentHost host(loaded.config);
    BrokerFactory(loaded.config.broker).make(host);
    for (const Config::Broker& other : loaded.other_brokers) BrokerFactory(other).make(host);
    std::fputs(effective_yaml(loaded.config, catalog.finder()).c_str(), stdout);
    return kDone;
  };
}

}  // namespace signalbox::commands

// signalbox check: validates the configuration and the plugin it names.
#include <cstdio>
#include <memory>

#include "server/broker_factory.hpp"
#include "server/commands/commands.hpp"
#include "server/commands/silent_host.hpp"

namespace signalbox::commands {

Run add_check(CLI::App& app) {
  auto options = std::make_shared<ConfigOptions>();
  CLI::App* command = app.add_subcommand(
      "check", "Validate the configuration and the plugin it names; print what is in effect, without secrets");
  options->add_to(*command);
  return [options] {
    PluginCatalog catalog;
    const Config config = options->load(catalog.finder(), LoadMode::check);
    // What the plugin itself has to say of its section: a URL it can't read, a file that is not there.
    SilentHost host(config);
    BrokerFactory(config.broker).make(host);
    std::fputs(effective_yaml(config, catalog.finder()).c_str(), stdout);
    return kDone;
  };
}

}  // namespace signalbox::commands

// signalbox-conformance: the contract suite against any plugin.
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "core/fault.hpp"
#include "tests/conformance/backends/given.hpp"
#include "tests/conformance/command_line.hpp"

namespace signalbox::conformance {
namespace {

struct Flags {
  std::string plugin;
  std::vector<std::string> set;
  GivenServer server;
};

/// This program with what it needs to do the same in a child. A holder gets the values that its parent chose.
std::vector<std::string> child_command(const Flags& flags, bool with_values) {
  std::vector<std::string> command{"/proc/self/exe", flags.plugin};
  if (!with_values) return command;
  for (const std::string& value : flags.set) command.insert(command.end(), {"--set", value});
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) command.insert(command.end(), {name, value});
  };
  add("--proxy", flags.server.proxy);
  add("--stop-server", flags.server.stop);
  add("--start-server", flags.server.start);
  if (flags.server.one_process) command.emplace_back("--one-process");
  return command;
}

int conformance(int argc, char** argv) {
  CLI::App app("Runs the broker contract's forty cases against a plugin, each in a process of its own.",
               "signalbox-conformance");
  Flags flags;
  Choice choice;
  app.add_option("PLUGIN", flags.plugin, "A path to a .so, or a name that is looked for as the server does it")->required();
  app.add_option("--set", flags.set, "KEY=VALUE of the plugin's section; may be repeated")->take_all();
  app.add_option("--proxy", flags.server.proxy,
                 "The key among them whose 127.0.0.1:PORT the suite may replace by a proxy of its own, to break the link");
  app.add_option("--stop-server", flags.server.stop, "Shell command that stops the server");
  app.add_option("--start-server", flags.server.start, "Shell command that starts it again and ends when it answers");
  app.add_flag("--one-process", flags.server.one_process, "Brokers of different processes don't reach each other");
  add_options(app, choice);
  app.footer(
      "Exit codes: 0 every case passed or does not apply; 1 one did not; 2 wrong usage.\n"
      "Example: signalbox-conformance ./libsignalbox_mine.so --set url=mine://127.0.0.1:7000 --proxy url");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    std::cerr << "signalbox-conformance: " << e.what() << '\n';
    return 2;
  }
  try {
    choice.hold_values = flags.set;
    for (const std::string& text : flags.set) flags.server.values.push_back(key_and_value(text));
    const PluginSubject subject(flags.plugin);
    const GivenBackend checked(flags.server);
    return run(choice, {subject.name(), subject.version(), flags.plugin}, child_command(flags, choice.run_case == 0), subject,
               [&] { return std::make_unique<GivenBackend>(flags.server); });
  } catch (const std::exception& e) {
    std::cerr << "signalbox-conformance: " << e.what() << '\n';
    return 2;
  }
}

}  // namespace
}  // namespace signalbox::conformance

int main(int argc, char** argv) { return signalbox::conformance::conformance(argc, argv); }

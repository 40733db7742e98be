// signalbox-conformance: the contract suite against any plugin.
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "tests/conformance/backends/given.hpp"
#include "tests/conformance/child.hpp"
#include "tests/conformance/command_line.hpp"
#include "tests/support/process.hpp"

namespace signalbox::conformance {
namespace {

struct Flags {
  std::string plugin;
  std::vector<std::string> set;
  GivenServer server;
  bool describe = false;  ///< internal: load the plugin, check the settings, say what it is
};

/// This program with what it needs to do the same in a child. A holder gets its values from the case that starts it.
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

int be_child(const Flags& flags, Choice choice) {
  std::FILE* result = take_standard_output();
  const PluginSubject subject(flags.plugin);
  subject.check(flags.server.values);
  if (flags.describe) {
    const boost::json::object about{{"name", subject.name()}, {"version", subject.version()}};
    std::fprintf(result, "%s\n", boost::json::serialize(about).c_str());
    std::fflush(result);
    return 0;
  }
  choice.hold_values = flags.set;
  GivenBackend backend(flags.server);
  return run_child(choice, child_command(flags, false), subject, &backend, result);
}

/// What is in the plugin runs in children only, beginning with the constructors that loading it runs.
int examine(const Flags& flags, const Choice& choice) {
  const GivenBackend checked(flags.server);
  std::vector<std::string> command = child_command(flags, true);
  command.emplace_back("--describe");
  const test::CommandResult described = test::run(command, {}, 30s);
  if (described.exit_code == 2) {
    std::cerr << described.errors;
    return 2;
  }
  if (described.exit_code != 0) {
    std::cerr << "signalbox-conformance: " << flags.plugin << ": "
              << (described.exit_code < 0 ? "hangs while it is loaded" : "crashes while it is loaded") << '\n'
              << described.errors;
    return 1;
  }
  const boost::json::value about = boost::json::parse(described.output);
  const auto text = [&](const char* key) { return std::string(about.as_object().at(key).as_string()); };
  return run_cases(choice, {text("name"), text("version"), flags.plugin}, child_command(flags, true));
}

int conformance(int argc, char** argv) {
  CLI::App app("Runs the broker contract's forty cases against a plugin, each in a process of its own.",
               "signalbox-conformance");
  Flags flags;
  Choice choice;
  app.add_option("PLUGIN", flags.plugin, "A path to a .so, or a name that is looked for as the server does it")->required();
  app.add_option("--set", flags.set, "A value of the plugin's section; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--proxy", flags.server.proxy,
                 "The key among them whose 127.0.0.1:PORT the suite may replace by a proxy of its own, to break the link")
      ->type_name("KEY");
  app.add_option("--stop-server", flags.server.stop, "Shell command that stops the server")->type_name("COMMAND");
  app.add_option("--start-server", flags.server.start, "Shell command that starts it again and ends when it answers")
      ->type_name("COMMAND");
  app.add_flag("--one-process", flags.server.one_process, "Brokers of different processes don't reach each other");
  app.add_flag("--describe", flags.describe)->group("");
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
    for (const std::string& text : flags.set) flags.server.values.push_back(key_and_value(text));
    const bool child = flags.describe || choice.run_case > 0 || !choice.hold.empty();
    return child ? be_child(flags, choice) : examine(flags, choice);
  } catch (const std::exception& e) {
    std::cerr << "signalbox-conformance: " << e.what() << '\n';
    return 2;
  }
}

}  // namespace
}  // namespace signalbox::conformance

int main(int argc, char** argv) { return signalbox::conformance::conformance(argc, argv); }

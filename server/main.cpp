// signalbox: one executable, a subcommand for each thing it does.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/fault.hpp"
#include "core/plugins/control_thread.hpp"
#include "core/plugins/crash_report.hpp"
#include "server/commands/commands.hpp"
#include "server/commands/help.hpp"
#include "server/version.hpp"

namespace {

using namespace signalbox::commands;

int run(int argc, char** argv) {
  CLI::App app("Gets a message to a user's WebSockets, whichever of many server instances holds them", "signalbox");
  app.formatter_fn([](const CLI::App* one, const std::string&, CLI::AppFormatMode) { return help_text(*one); });
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", std::string("signalbox ") + signalbox::kVersion, "Print the version and exit");
  app.require_subcommand(1);
  app.footer(help_end(
      {.exit_codes = {{kDone, "Done"},
                      {kFailed, "Failed at run time: broker unreachable, address in use, connection lost"},
                      {kWrongUsage, "Wrong usage or configuration"},
                      {kNotConnected, "The user is not connected (publish, exists)"}},
       .examples = {"signalbox serve --broker memory", "signalbox listen Alice",
                    "curl -d 'Hello Alice' http://127.0.0.1:8766/api/v1/users/Alice/messages", "signalbox serve --help"}}));
  std::vector<std::pair<const char*, Run>> commands{
      {"serve", add_serve(app)},   {"check", add_check(app)},     {"publish", add_publish(app)}, {"exists", add_exists(app)},
      {"listen", add_listen(app)}, {"plugins", add_plugins(app)}, {"bench", add_bench(app)},
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help or --version
    return app.exit(asked);
  } catch (const CLI::ParseError& fault) {
    std::fputs((argc < 2 ? help_text(app) : usage_fault(app, fault)).c_str(), stderr);
    return kWrongUsage;
  }
  for (const auto& [name, action] : commands) {
    if (app.got_subcommand(name)) return action();
  }
  return kWrongUsage;
}

int complain(const std::exception& e, int code) {
  std::fprintf(stderr, "signalbox: %s\n", e.what());
  return code;
}

int run_and_complain(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const signalbox::ConfigError& e) {
    return complain(e, kWrongUsage);
  } catch (const std::exception& e) {
    return complain(e, kFailed);
  }
}

/// What is still buffered is written now, while that it can't be can be told.
int end_output(int code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  const std::string why = errno != 0 ? std::generic_category().message(errno) : "could not be written";
  std::fprintf(stderr, "signalbox: standard output: %s\n", why.c_str());
  return code == kDone ? kFailed : code;
}

}  // namespace

int main(int argc, char** argv) {
  signalbox::report_crashes();
  const int code = end_output(run_and_complain(argc, argv));
  if (!signalbox::a_plugin_hangs()) return code;
  std::fflush(nullptr);
  std::_Exit(code);
}

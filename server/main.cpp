// signalbox: one executable, a subcommand for each thing it does.
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/fault.hpp"
#include "server/commands/commands.hpp"
#include "server/version.hpp"

namespace {

using namespace signalbox::commands;

int run(int argc, char** argv) {
  CLI::App app("Gets a message to a user's WebSockets, whichever of many server instances holds them");
  app.set_version_flag("--version", std::string("signalbox ") + signalbox::kVersion);
  app.require_subcommand(1);
  std::vector<std::pair<const char*, Run>> commands{
      {"serve", add_serve(app)},   {"check", add_check(app)},   {"publish", add_publish(app)},
      {"exists", add_exists(app)}, {"listen", add_listen(app)}, {"plugins", add_plugins(app)},
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kDone : kWrongUsage;
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

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const signalbox::ConfigError& e) {
    return complain(e, kWrongUsage);
  } catch (const std::exception& e) {
    return complain(e, kFailed);
  }
}

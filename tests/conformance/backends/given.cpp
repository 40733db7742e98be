#include "tests/conformance/backends/given.hpp"

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <stdexcept>

namespace signalbox::conformance {
namespace {

void run_command(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("'" + command + "' did not end with 0");
}

}  // namespace

GivenBackend::GivenBackend(GivenServer server) : server_(std::move(server)) {
  if (server_.proxy.empty()) return;
  const auto found = std::find_if(server_.values.begin(), server_.values.end(),
                                  [&](const auto& value) { return value.first == server_.proxy; });
  static const std::regex address("^(.*?)(?:127\\.0\\.0\\.1|localhost):([0-9]{1,5})(.*)$");
  std::smatch parts;
  if (found == server_.values.end() || !std::regex_match(found->second, parts, address)) {
    throw std::invalid_argument("--proxy " + server_.proxy + ": no --set " + server_.proxy +
                                "=… with 127.0.0.1:PORT or localhost:PORT in it");
  }
  before_ = parts[1];
  port_ = static_cast<std::uint16_t>(std::stoul(parts[2]));
  behind_ = parts[3];
}

std::string GivenBackend::lacks(Control control) const {
  switch (control) {
    case Control::link: return server_.proxy.empty() ? "no --proxy was given" : "";
    case Control::process:
      return server_.stop.empty() || server_.start.empty() ? "no --stop-server and --start-server were given" : "";
    case Control::separate: return server_.one_process ? "no other process can reach it" : "";
    default: return "the tool can't do this to a server that it does not know";
  }
}

Values GivenBackend::values_through(std::uint16_t port) const {
  Values values = server_.values;
  for (auto& [key, value] : values) {
    if (key == server_.proxy) value = before_ + "127.0.0.1:" + std::to_string(port) + behind_;
  }
  return values;
}

void GivenBackend::stop() { run_command(server_.stop); }

void GivenBackend::start() { run_command(server_.start); }

}  // namespace signalbox::conformance

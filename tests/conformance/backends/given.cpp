#include "tests/conformance/backends/given.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signalbox::conformance {
namespace {

/// Keeps nothing of this process open: neither the report's pipe nor a broker's connection.
void run_command(const std::string& command) {
  const pid_t child = fork();
  if (child == 0) {
    const int nothing = open("/dev/null", O_RDWR);
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nothing, standard);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    throw std::runtime_error("'" + command + "' did not end with 0");
  }
}

}  // namespace

GivenBackend::GivenBackend(GivenServer server) : server_(std::move(server)) {
  if (server_.proxy.empty()) return;
  const auto found = std::find_if(server_.values.begin(), server_.values.end(),
                                  [&](const auto& value) { return value.first == server_.proxy; });
  for (const std::string_view host : {"127.0.0.1:", "localhost:"}) {
    const std::size_t at = found == server_.values.end() ? std::string::npos : found->second.find(host);
    if (at == std::string::npos) continue;
    const char* digits = found->second.data() + at + host.size();
    const char* end = found->second.data() + found->second.size();
    const auto number = std::from_chars(digits, end, port_);
    if (number.ec != std::errc() || port_ == 0) break;
    before_ = found->second.substr(0, at);
    behind_.assign(number.ptr, end);
    return;
  }
  throw std::invalid_argument("--proxy " + server_.proxy + ": no --set " + server_.proxy +
                              "=… with 127.0.0.1:PORT or localhost:PORT in it");
}

std::string GivenBackend::lacks(Control control) const {
  switch (control) {
    case Control::link:
    case Control::corruption: return server_.proxy.empty() ? "no --proxy was given" : "";
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

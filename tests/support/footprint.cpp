#include "tests/support/footprint.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace signalbox::test {
namespace {

/// States of /proc/net/tcp (include/net/tcp_states.h).
constexpr unsigned kTimeWait = 6;
constexpr unsigned kListen = 10;

std::string proc(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

/// The number behind `name` in /proc/PID/status.
std::size_t status_of(pid_t pid, std::string_view name) {
  std::ifstream status(proc(pid, "status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stoul(line.substr(name.size()));
  }
  throw std::runtime_error("no process " + std::to_string(pid));
}

milliseconds cpu_time(pid_t pid) {
  std::ifstream file(proc(pid, "stat"));
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return milliseconds((user + system) * 1000 / sysconf(_SC_CLK_TCK));
}

}  // namespace

Footprint Footprint::of(pid_t pid) {
  const std::filesystem::directory_iterator open(proc(pid, "fd"));
  return {1024 * status_of(pid, "RssAnon:"), static_cast<std::size_t>(std::distance(begin(open), end(open))), cpu_time(pid),
          status_of(pid, "Threads:")};
}

PortFootprint PortFootprint::of(std::uint16_t port) {
  PortFootprint result;
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);  // the heading
  while (std::getline(table, line)) {
    // sl: local:port remote:port state unsent:unread timer:when retransmits uid timeout inode
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout;
    unsigned long inode = 0;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    const auto hex = [](const std::string& digits) { return std::stoul(digits, nullptr, 16); };
    if (hex(local.substr(local.find(':') + 1)) != port) continue;
    const unsigned long number = hex(state);
    if (number == kListen || number == kTimeWait) continue;
    ++result.sockets;
    if (inode == 0) ++result.orphans;
    result.unsent_bytes += hex(queues.substr(0, queues.find(':')));
  }
  return result;
}

}  // namespace signalbox::test

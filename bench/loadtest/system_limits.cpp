#include "bench/loadtest/system_limits.hpp"

#include <algorithm>
#include <fstream>

#include "core/fault.hpp"

namespace signalbox::bench {

namespace {

/// Files that are no connection's, of all processes together.
constexpr unsigned long long kOtherFiles = 20'000;
constexpr const char* kTracked = "net.netfilter.nf_conntrack_max";
/// 0 where no rule asks for tracking: then there is no limit either.
constexpr const char* kTrackedNow = "net.netfilter.nf_conntrack_count";

/// As many clients have one source address (client_pool.hpp), and each wants a port of its own there.
constexpr unsigned long long kPorts = 10'000;
/// What docs/load-testing.md says of memory, rounded down.
constexpr unsigned long long kBytes = 10'000;

std::optional<unsigned long long> read_sysctl(const std::string& name) {
  std::string path = "/proc/sys/" + name;
  std::replace(path.begin(), path.end(), '.', '/');
  std::ifstream file(path);
  unsigned long long value = 0, end = 0;
  if (!(file >> value)) return std::nullopt;
  return file >> end ? end - value + 1 : value;
}

/// Nothing where /proc does not say.
std::optional<unsigned long long> available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;) {
    unsigned long long kibibytes = 0;
    if (word == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
  }
  return std::nullopt;
}

}  // namespace

std::optional<SystemLimit> too_low(std::size_t connections, Ends ends, const ReadSysctl& read) {
  const bool both = ends == Ends::both;
  const unsigned long long files = (both ? 2 : 1) * connections + kOtherFiles;
  const SystemLimit limits[] = {
      {"fs.file-max", files, both ? "each connection has two ends here" : "each connection is a file", ""},
      {"fs.epoll.max_user_watches", files, "each end of a connection is watched", ""},
      {"net.ipv4.ip_local_port_range", std::min<unsigned long long>(connections, kPorts), "so many come from one address",
       "\"32768 60999\""},
      {kTracked, connections + kOtherFiles, "each connection is tracked", ""},
  };
  for (const SystemLimit& limit : limits) {
    const std::optional<unsigned long long> value = read(limit.name);
    if (value && *value < limit.wanted && !(limit.name == kTracked && read(kTrackedNow) == 0U)) return limit;
  }
  return std::nullopt;
}

unsigned long long memory_for(std::size_t connections) { return kBytes * connections; }

void check_system(std::size_t connections, Ends ends) {
  const std::string users = "--users: " + std::to_string(connections) + " connections need ";
  if (const std::optional<SystemLimit> limit = too_low(connections, ends, read_sysctl)) {
    throw ConfigError(users + limit->name + " of at least " + std::to_string(limit->wanted) + " (" + limit->why +
                      "): sysctl -w " + limit->name + "=" +
                      (limit->setting.empty() ? std::to_string(limit->wanted) : limit->setting));
  }
  if (ends != Ends::both) return;
  const std::optional<unsigned long long> memory = available_memory();
  if (memory && *memory < memory_for(connections)) {
    throw ConfigError(users + std::to_string(memory_for(connections) >> 20) +
                      " MiB of memory at least, both of their ends being "
                      "here: " +
                      std::to_string(*memory >> 20) + " MiB are available");
  }
}

}  // namespace signalbox::bench

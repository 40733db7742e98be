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

std::optional<unsigned long long> read_sysctl(const std::string& name) {
  std::string path = "/proc/sys/" + name;
  std::replace(path.begin(), path.end(), '.', '/');
  unsigned long long value = 0;
  if (std::ifstream(path) >> value) return value;
  return std::nullopt;
}

}  // namespace

std::optional<SystemLimit> too_low(std::size_t connections, const ReadSysctl& read) {
  const SystemLimit limits[] = {
      {"fs.file-max", 2 * connections + kOtherFiles, "each connection has two ends here"},
      {kTracked, connections + kOtherFiles, "each connection is tracked"},
  };
  for (const SystemLimit& limit : limits) {
    const std::optional<unsigned long long> value = read(limit.name);
    if (value && *value < limit.wanted && !(limit.name == kTracked && read(kTrackedNow) == 0U)) return limit;
  }
  return std::nullopt;
}

void check_system(std::size_t connections) {
  const std::optional<SystemLimit> limit = too_low(connections, read_sysctl);
  if (!limit) return;
  throw ConfigError("--users: " + std::to_string(connections) + " connections need " + limit->name + " of at least " +
                    std::to_string(limit->wanted) + " (" + limit->why + "): sysctl -w " + limit->name + "=" +
                    std::to_string(limit->wanted));
}

}  // namespace signalbox::bench

#include "server/net/memory_watch.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>

#include <malloc.h>
#include <unistd.h>

namespace signalbox {
namespace {

/// Giving memory back holds up who asks for some: 0.1 s for a heap of 750 MiB, 1.3 s where it has all to be given back.
/// Where that gives back next to nothing, since the memory is in use, it is tried again after twice the pause.
constexpr std::chrono::seconds kTrimEvery{5};
constexpr std::chrono::seconds kTrimAtLeastEvery{300};

constexpr std::uint64_t kMiB = 1024 * 1024;

std::uint64_t page_bytes() { return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)); }

/// The number in a file of a control group; `none` where there is none: "max", or no such file.
std::uint64_t number_in(const std::filesystem::path& file, std::uint64_t none) {
  std::uint64_t number = 0;
  return std::ifstream(file) >> number ? number : none;
}

/// The least limit from a group up to the root of its hierarchy.
std::uint64_t least_limit(const std::filesystem::path& hierarchy, std::filesystem::path group, const char* file,
                          std::uint64_t least) {
  for (group = group.relative_path(); !group.empty(); group = group.parent_path()) {
    least = std::min(least, number_in(hierarchy / group / file, least));
  }
  return std::min(least, number_in(hierarchy / file, least));
}

}  // namespace

MemoryWatch::MemoryWatch(const LiveLimits& limits, Log& log, Process process)
    : limits_(limits), log_(log), process_(std::move(process)), system_(memory_of_system()) {}

std::uint64_t MemoryWatch::allowed() const noexcept {
  const std::uint64_t configured = limits_.memory;
  return configured == 0 ? system_ : configured;
}

void MemoryWatch::look(Clock::time_point now) {
  const std::uint64_t resident = process_.resident();
  if (is_short() || resident > allowed() / 10 * 9) {
    note(trimmed(now, resident));
  } else {
    trim_pause_ = std::chrono::seconds(0);
    next_trim_ = std::min(next_trim_, now + kTrimEvery);
    note(resident);
  }
}

/// What was freed is still the process's, and may stay so for ever where it lies between what is in use.
std::uint64_t MemoryWatch::trimmed(Clock::time_point now, std::uint64_t resident) {
  if (now < next_trim_) return resident;
  process_.trim();
  const std::uint64_t left = process_.resident();
  const bool was_worth_it = left < resident / 100 * 97;
  trim_pause_ = was_worth_it ? kTrimEvery : std::clamp(2 * trim_pause_, kTrimEvery, kTrimAtLeastEvery);
  next_trim_ = now + trim_pause_;
  return left;
}

void MemoryWatch::note(std::uint64_t resident) {
  const std::uint64_t all = allowed();
  if (!is_short() && resident > all / 10 * 9) {
    short_.store(true, std::memory_order_relaxed);
    log_.warning("limits.memory: {} MiB of {} MiB are in use, new clients are refused until it is less than 85 %",
                 resident / kMiB, all / kMiB);
  } else if (is_short() && resident < all / 100 * 85) {
    short_.store(false, std::memory_order_relaxed);
    log_.info("limits.memory: {} MiB of {} MiB are in use, new clients are let in again", resident / kMiB, all / kMiB);
  }
}

void trim_heap() noexcept { ::malloc_trim(0); }

std::uint64_t resident_bytes() {
  std::uint64_t whole = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> whole >> resident;  // proc(5): pages
  return resident * page_bytes();
}

std::uint64_t memory_of_system(const std::filesystem::path& root) {
  std::uint64_t least = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * page_bytes();
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // cgroups(7): hierarchy:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::filesystem::path group = line.substr(second + 1);
    if (controllers == ",,") {
      least = least_limit(root / "sys/fs/cgroup", group, "memory.max", least);
    } else if (controllers.find(",memory,") != std::string::npos) {
      least = least_limit(root / "sys/fs/cgroup/memory", group, "memory.limit_in_bytes", least);
    }
  }
  return least;
}

}  // namespace signalbox

// Messages that were written twice: an idempotent producer of librdkafka may do so when a partition changes its leader or a
// record times out beside others (librdkafka's issue 4953).
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "brokers/kafka/records.hpp"

namespace signalbox::kafka {

class Repeats {
 public:
  /// Writers that are remembered: more than ever run at a time.
  static constexpr std::size_t kWriters = 10'000;

  /// Whether this one, or a later one of its writer, was seen before: a writer's messages come in their order.
  bool seen(const Origin& origin) {
    if (latest_.size() >= kWriters && !latest_.contains(origin.writer)) latest_.clear();
    std::uint64_t& latest = latest_[origin.writer];
    if (origin.number <= latest) return true;
    latest = origin.number;
    return false;
  }

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> latest_;
};

}  // namespace signalbox::kafka

// Keeps what waits in all connections together, both ways, within limits.queue_total_bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "core/config/live_limits.hpp"
#include "core/observe/metrics.hpp"
#include "core/users/user_registry.hpp"

namespace signalbox {

/// Beyond the limit the largest queues of all shards go. Each shard looks at its tick, so that a delivery pays nothing: it
/// reports the sizes of its queues, and once every shard has, each closes those of its own that are among the largest, as many
/// as the excess asks for. So the queues are within the limit again three ticks after they were beyond it. A shard that has not
/// reported for kWaitedFor ticks is left out until it does: the others keep the limit without it.
///
/// What counts is Connection::waiting_bytes(): the queue to be written, where a payload that many connections wait for counts
/// for each of them although it is in memory once, and the message that has been read in part.
///
/// Threading: any thread.
class QueueTotal {
 public:
  static constexpr std::uint64_t kWaitedFor = 3;

  /// `outbound`, `inbound`: of all connections together, as the shards count them. Lifetime: all but `shards` outlive this.
  QueueTotal(const LiveLimits& limits, const Gauge& outbound, const Gauge& inbound, unsigned shards);

  /// Whether they hold more than is allowed: the limit, or, where it was lowered below what they hold, the least that they have
  /// held since: a reload closes nobody, and the new limit comes into force as they shrink. To be asked at every tick.
  bool is_exceeded() noexcept;

  /// While it is exceeded: the sizes of a shard's queues. Gives how many of its largest the shard has to close, then to call
  /// closed().
  std::size_t report(unsigned shard, std::vector<std::size_t> sizes);
  /// The shard has closed them, and the gauges say so.
  void closed(unsigned shard);
  /// While it is not: what has been reported is out of date.
  void forget();

 private:
  struct Report {
    std::uint64_t round = 0;         ///< that it came in; of forget(), while there is none
    std::vector<std::size_t> sizes;  ///< without those that are to be closed
    std::int64_t leaving = 0;        ///< bytes of those
  };

  /// Reports in a round of its own, and gives whether there is nobody left to wait for.
  bool take_report(unsigned shard, std::vector<std::size_t> sizes);
  [[nodiscard]] bool is_late(const Report& report) const noexcept { return round_ - report.round > kWaitedFor; }
  [[nodiscard]] std::int64_t waiting() const noexcept { return outbound_.value() + inbound_.value(); }
  [[nodiscard]] std::int64_t excess() const noexcept { return waiting() - allowed_.load(std::memory_order_relaxed); }

  const LiveLimits& limits_;
  const Gauge& outbound_;
  const Gauge& inbound_;
  std::atomic<std::int64_t> allowed_;
  std::atomic<bool> has_reports_{false};
  std::mutex mutex_;
  std::vector<Report> reports_;
  ShardSet reported_ = 0;
  std::uint64_t round_ = 0;  ///< begun by the first shard that reports again: a tick of the fastest
};

}  // namespace signalbox

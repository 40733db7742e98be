#include "server/net/queue_total.hpp"

#include <algorithm>
#include <utility>

namespace signalbox {

QueueTotal::QueueTotal(const LiveLimits& limits, const Gauge& outbound, const Gauge& inbound, unsigned shards)
    : limits_(limits),
      outbound_(outbound),
      inbound_(inbound),
      allowed_(static_cast<std::int64_t>(std::size_t{limits.queue_total_bytes})),
      reports_(shards) {}

/// Shards that ask at once come to nearly the same, and the next tick corrects it.
bool QueueTotal::is_exceeded() noexcept {
  const auto limit = static_cast<std::int64_t>(std::size_t{limits_.queue_total_bytes});
  const std::int64_t before = allowed_.load(std::memory_order_relaxed);
  const std::int64_t allowed = std::max(limit, std::min(before, waiting()));
  if (allowed != before) allowed_.store(allowed, std::memory_order_relaxed);
  return excess() > 0;
}

bool QueueTotal::take_report(unsigned shard, std::vector<std::size_t> sizes) {
  has_reports_.store(true, std::memory_order_relaxed);
  reported_ |= ShardSet{1} << shard;
  Report& mine = reports_[shard];
  if (mine.round == round_) ++round_;
  mine.round = round_;
  std::sort(sizes.begin(), sizes.end());
  mine.sizes = std::move(sizes);
  for (unsigned i = 0; i < reports_.size(); ++i) {
    if ((reported_ >> i & 1) == 0 && !is_late(reports_[i])) return false;
  }
  return true;
}

std::size_t QueueTotal::report(unsigned shard, std::vector<std::size_t> sizes) {
  const std::lock_guard lock(mutex_);
  if (!take_report(shard, std::move(sizes))) return 0;
  Report& mine = reports_[shard];
  std::int64_t left = excess();
  std::vector<std::pair<std::size_t, unsigned>> queues;  // with their shards
  for (unsigned i = 0; i < reports_.size(); ++i) {
    if (is_late(reports_[i])) continue;
    left -= reports_[i].leaving;
    for (const std::size_t size : reports_[i].sizes) queues.emplace_back(size, i);
  }
  std::make_heap(queues.begin(), queues.end());
  std::size_t count = 0;
  for (auto end = queues.end(); left > 0 && end != queues.begin(); --end) {
    std::pop_heap(queues.begin(), end);
    const auto& [size, owner] = *(end - 1);
    left -= static_cast<std::int64_t>(size);
    if (owner != shard) continue;
    ++count;
    mine.leaving += static_cast<std::int64_t>(size);
    mine.sizes.pop_back();
  }
  return count;
}

void QueueTotal::closed(unsigned shard) {
  const std::lock_guard lock(mutex_);
  reports_[shard].leaving = 0;
}

void QueueTotal::forget() {
  if (!has_reports_.exchange(false, std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  reported_ = 0;
  for (Report& report : reports_) {
    report.round = round_;
    report.sizes = {};
  }
}

}  // namespace signalbox

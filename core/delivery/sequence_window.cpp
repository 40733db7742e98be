#include "core/delivery/sequence_window.hpp"

namespace signalbox {

bool SequenceWindow::first_time(std::uint64_t publisher, std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  const auto [it, inserted] = publishers_.try_emplace(publisher);
  Seen& seen = it->second;
  const std::size_t position = sequence % kSequences;
  if (inserted) {
    seen.newest = sequence;
    seen.bits.set(position);
    order_.push_back(publisher);
    if (order_.size() > kPublishers) {
      publishers_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }
  if (sequence > seen.newest) {
    if (sequence - seen.newest >= kSequences) {
      seen.bits.reset();
    } else {
      for (std::uint64_t skipped = seen.newest + 1; skipped < sequence; ++skipped) seen.bits.reset(skipped % kSequences);
    }
    seen.newest = sequence;
    seen.bits.set(position);
    return true;
  }
  if (seen.newest - sequence >= kSequences) return true;
  const bool is_new = !seen.bits.test(position);
  seen.bits.set(position);
  return is_new;
}

}  // namespace signalbox

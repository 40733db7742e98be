#include "server/net/flusher.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <span>

#include "server/net/prefetch.hpp"

namespace signalbox {
namespace {

constexpr std::size_t kFlushesPerTurn = 1024;
/// Fewer gain nothing by the ring.
constexpr std::size_t kWorthTheRing = 8;

/// Whether there was the memory for it.
template <class Action>
bool attempt(Action&& action) noexcept {
  try {
    action();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

/// A connection for which there is no memory ends, and the others of its batch go on: what they have sent must be taken off
/// their queues, or it would be sent again. Where there is none to end it either, its timer does.
template <class Step>
void step(Connection& connection, Step&& step) noexcept {
  if (!attempt([&] { step(connection); })) attempt([&] { connection.abort(); });
}

}  // namespace

void Flusher::flush_some() {
  const std::size_t count = std::min(dirty_.size(), kFlushesPerTurn);
  if (ring_ && count >= kWorthTheRing) {
    for (std::size_t at = 0; at < count; at += SendRing::kSends) flush_by_ring(at, std::min(at + SendRing::kSends, count));
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) prefetch(dirty_[i + kAhead].get(), sizeof(Connection));
      step(*dirty_[i], [](Connection& connection) { connection.flush(); });
    }
  }
  dirty_.erase(dirty_.begin(), dirty_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Flusher::flush_by_ring(std::size_t first, std::size_t last) {
  std::size_t used = 0;
  for (std::size_t i = first; i < last; ++i) {
    if (i + kAhead < last) prefetch(dirty_[i + kAhead].get(), sizeof(Connection));
    std::optional<Send> send;
    step(*dirty_[i], [&](Connection& connection) { send = connection.begin_flush(); });
    if (!send) continue;
    sends_[used] = *send;
    senders_[used++] = dirty_[i].get();
  }
  ring_->perform(std::span(sends_).first(used));
  for (std::size_t i = 0; i < used; ++i) {
    step(*senders_[i], [&](Connection& connection) { connection.end_flush(sends_[i].result); });
  }
}

}  // namespace signalbox

// Where calls wait between the threads that make them and the broker's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/common/time.hpp"

namespace signalbox::brokers {

/// One call of a verb. Its bytes stand in the buffer of its chunk, so that a call costs no allocation; a large payload has
/// a block of its own.
struct Call {
  enum class Kind : std::uint8_t { subscribe, unsubscribe, publish, exists };

  Kind kind;
  std::uint32_t channel_bytes = 0;
  std::size_t payload_bytes = 0;
  std::size_t cost = 0;  ///< what it has taken from the budget
  std::variant<Done, PublishDone, ExistsDone> done;
  Status refusal = {};  ///< known at once, told later: never inside the calling stack
  Time made_at = {};
  std::unique_ptr<char[]> block = {};  ///< the payload, if it is large

  /// Completes it without an answer from the server.
  void finish(const Status& status) {
    if (auto* plain = std::get_if<Done>(&done)) {
      (*plain)(status);
    } else if (auto* publish = std::get_if<PublishDone>(&done)) {
      (*publish)(status, {});
    } else {
      std::get<ExistsDone>(done)(status, false);
    }
  }
};

/// Small enough to be made, grown and given up in no time; as many as it takes.
struct CallChunk {
  static constexpr std::size_t kCalls = 256;
  static constexpr std::size_t kBytes = 64 * 1024;
  static constexpr std::size_t kReserved = 32;

  CallChunk() { calls.reserve(kReserved); }
  [[nodiscard]] bool full() const noexcept { return calls.size() >= kCalls || bytes.size() >= kBytes; }
  void clear() noexcept {
    calls.clear();
    bytes.clear();
  }

  std::vector<Call> calls;
  std::string bytes;
};
using CallBatch = std::deque<CallChunk>;

/// What waits is bounded where the contract allows it: publish and exists by bytes (budget.hpp), and a refused call brings
/// no bytes at all. What is left of a refused call, and a subscribe or unsubscribe, for which the contract has no
/// `overloaded`, is a completion that is owed: as many as the callers have open, no more than they can make while the
/// broker's thread works through a million a second.
///
/// Threading: any thread.
class Intake {
 public:
  /// Go round, so that a steady stream of calls allocates nothing. No more than this, as they stay.
  static constexpr std::size_t kSpareChunks = 8;
  /// Larger payloads are copied before the lock is taken.
  static constexpr std::size_t kLargeBytes = 4096;

  /// True: the first since take(), so wake the thread that takes. A call after close() is dropped.
  [[nodiscard]] bool append(Call&& call, std::string_view channel, std::string_view payload) {
    call.channel_bytes = static_cast<std::uint32_t>(channel.size());
    call.payload_bytes = payload.size();
    if (payload.size() > kLargeBytes) {
      call.block = std::make_unique_for_overwrite<char[]>(payload.size());
      payload.copy(call.block.get(), payload.size());
      payload = {};
    }
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    call.made_at = Clock::now();  // here, so that deadlines never decrease
    const bool first = batch_.empty();
    if (first || batch_.back().full()) add_chunk();
    batch_.back().bytes.append(channel).append(payload);
    batch_.back().calls.push_back(std::move(call));
    return first;
  }

  /// batch: empty before. spent: chunks that are empty again, for the sake of the memory that they have grown to.
  void take(CallBatch& batch, CallBatch& spent) {
    const std::lock_guard lock(mutex_);
    std::swap(batch, batch_);
    for (; !spent.empty() && spare_.size() < kSpareChunks; spent.pop_back()) spare_.push_back(std::move(spent.back()));
  }

  /// As take(); nobody takes after this.
  void close(CallBatch& batch) {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    std::swap(batch, batch_);
  }

 private:
  void add_chunk() {
    if (spare_.empty()) {
      batch_.emplace_back();
      return;
    }
    batch_.push_back(std::move(spare_.back()));
    spare_.pop_back();
  }

  std::mutex mutex_;
  CallBatch batch_;
  CallBatch spare_;
  bool closed_ = false;
};

}  // namespace signalbox::brokers

// The calls that the broker's thread has taken from the intake and not worked through yet.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "signalbox/broker.hpp"

#include "brokers/common/intake.hpp"

namespace signalbox::brokers {

/// Hands calls out a slice at a time, in the order in which they were made: no turn of the thread is long.
///
/// Threading: the broker's thread.
class CallQueue {
 public:
  static constexpr std::size_t kCallsPerTurn = 1024;
  static constexpr std::size_t kBytesPerTurn = std::size_t{4} << 20;
  /// More calls than this in the intake are worth a word in the log.
  static constexpr std::size_t kManyCalls = 1'000'000;

  /// Both outlive the queue.
  CallQueue(Intake& intake, Host& host) noexcept : intake_(intake), host_(host) {}

  [[nodiscard]] bool empty() const noexcept { return batch_.empty(); }

  /// Calls dispatch(Call&, std::string_view channel, std::string_view payload) for each of the next slice; the views live
  /// for that call. True: there may be more, and the intake, which wakes once, will not say so.
  template <class Dispatch>
  [[nodiscard]] bool take_slice(Dispatch dispatch) {
    const bool carried_over = has_call();
    if (!carried_over) take_batch();
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < kCallsPerTurn && bytes < kBytesPerTurn && has_call(); ++i) {
      bytes += batch_.front().calls[next_call_].payload_bytes;
      dispatch_next(dispatch);
    }
    return has_call() || carried_over;
  }

  /// All that is left; calls that are made from now on are dropped.
  template <class Dispatch>
  void close(Dispatch dispatch) {
    while (has_call()) dispatch_next(dispatch);
    intake_.close(batch_);
    while (has_call()) dispatch_next(dispatch);
  }

 private:
  bool has_call() {
    while (!batch_.empty() && next_call_ == batch_.front().calls.size()) {
      if (spent_.size() < Intake::kSpareChunks) {
        batch_.front().clear();
        spent_.push_back(std::move(batch_.front()));
      }
      batch_.pop_front();
      next_call_ = next_byte_ = 0;
    }
    return !batch_.empty();
  }

  void take_batch() {
    intake_.take(batch_, spent_);
    const std::size_t calls = batch_.size() * CallChunk::kCalls;
    if (calls <= kManyCalls) return;
    host_.log(LogLevel::warning, "some " + std::to_string(calls) + " calls wait: they are made faster than they can be taken");
  }

  template <class Dispatch>
  void dispatch_next(Dispatch& dispatch) {
    CallChunk& chunk = batch_.front();
    Call& call = chunk.calls[next_call_++];
    const std::string_view bytes = std::string_view(chunk.bytes).substr(next_byte_);
    const std::string_view channel = bytes.substr(0, call.channel_bytes);
    const std::unique_ptr<char[]> block = std::move(call.block);
    next_byte_ += call.channel_bytes + (block ? 0 : call.payload_bytes);
    const char* payload = block ? block.get() : bytes.data() + call.channel_bytes;
    dispatch(call, channel, std::string_view(payload, call.payload_bytes));
  }

  Intake& intake_;
  Host& host_;
  CallBatch batch_;
  CallBatch spent_;
  std::size_t next_call_ = 0;  // of batch_'s first chunk, and where its bytes begin
  std::size_t next_byte_ = 0;
};

}  // namespace signalbox::brokers

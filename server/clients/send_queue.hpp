// What waits to be written to one connection.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <boost/container/small_vector.hpp>
#include <sys/uio.h>

#include "server/clients/frame.hpp"

namespace signalbox {

/// Frames in order, the first perhaps written in part. Exists only while something waits; kept for reuse by the shard.
class SendQueue {
 public:
  /// Largest sum of bytes and number of pieces of one write. 64 KiB: beyond, one connection would hold up the others
  /// (snapview/tungstenite-rs#291), and a kernel buffer takes no more at once anyway.
  static constexpr std::size_t kWriteBytes = 64 * 1024;
  static constexpr std::size_t kWritePieces = 64;
  /// What a frame takes of the memory besides its bytes: a pointer here, its header and the allocator's. Without it, a limit
  /// of 1 MiB would allow half a million empty pongs, which are 20 MiB.
  static constexpr std::size_t kFrameOverhead = 40;

  /// What a frame takes of a byte limit while none of it is written.
  [[nodiscard]] static std::size_t cost(const Frame& frame) noexcept { return frame.wire().size() + kFrameOverhead; }

  void push(Frame::Ptr frame) {
    unwritten_ += frame->wire().size();
    frames_.push_back(std::move(frame));
  }
  /// Puts a pong in the place of the last frame. False if that is none, or the only one: part of it may be written.
  bool replace_last_pong(Frame::Ptr pong) noexcept;
  [[nodiscard]] bool empty() const noexcept { return first_ == frames_.size(); }
  /// What it takes of a byte limit.
  [[nodiscard]] std::size_t bytes() const noexcept { return unwritten_ + frames() * kFrameOverhead; }
  [[nodiscard]] std::size_t frames() const noexcept { return frames_.size() - first_; }

  /// Fills `pieces` with what the next write should carry and returns how many are used.
  std::size_t gather(std::span<iovec, kWritePieces> pieces) const noexcept;
  /// Forgets what has been written.
  void consume(std::size_t written) noexcept;
  /// Forgets everything but the frame that has been written in part. Returns how many frames are lost.
  std::size_t drop_unwritten() noexcept;
  void clear() noexcept;

 private:
  boost::container::small_vector<Frame::Ptr, 2> frames_;  // the rule is one: no second block of memory to allocate and touch
  std::size_t first_ = 0;
  std::size_t offset_ = 0;     ///< written bytes of the first
  std::size_t unwritten_ = 0;  ///< bytes
};

/// A shard's spare queues, so that a message to an idle connection allocates nothing.
class SendQueuePool {
 public:
  SendQueuePool() { spare_.reserve(kSpare); }  // so that giving back needs no memory
  std::unique_ptr<SendQueue> take() {
    if (spare_.empty()) return std::make_unique<SendQueue>();
    std::unique_ptr<SendQueue> queue = std::move(spare_.back());
    spare_.pop_back();
    return queue;
  }
  void give_back(std::unique_ptr<SendQueue> queue) {
    queue->clear();
    if (spare_.size() < kSpare) spare_.push_back(std::move(queue));
  }

 private:
  static constexpr std::size_t kSpare = 4096;
  std::vector<std::unique_ptr<SendQueue>> spare_;
};

}  // namespace signalbox

#include "server/clients/send_queue.hpp"

#include <algorithm>
#include <cassert>

namespace signalbox {
namespace {

/// A queue that has been long once does not keep its memory for ever.
constexpr std::size_t kKeptCapacity = 64;

}  // namespace

std::size_t SendQueue::gather(std::span<iovec, kWritePieces> pieces) const noexcept {
  std::size_t count = 0;
  std::size_t total = 0;
  std::size_t skip = offset_;
  for (std::size_t i = first_; i < frames_.size() && count < pieces.size() && total < kWriteBytes; ++i) {
    const std::string_view wire = frames_[i]->wire().substr(skip, kWriteBytes - total);
    skip = 0;
    pieces[count++] = {const_cast<char*>(wire.data()), wire.size()};
    total += wire.size();
  }
  return count;
}

void SendQueue::consume(std::size_t written) noexcept {
  assert(written <= unwritten_);
  unwritten_ -= written;
  written += offset_;
  while (first_ < frames_.size() && written >= frames_[first_]->wire().size()) {
    written -= frames_[first_]->wire().size();
    frames_[first_++].reset();
  }
  offset_ = written;
  // Keep the array from creeping: a queue that is never quite empty moves its rest to the front now and then.
  if (first_ > kKeptCapacity && first_ * 2 > frames_.size()) {
    frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

bool SendQueue::replace_last_pong(Frame::Ptr pong) noexcept {
  if (frames() < 2 || frames_.back()->opcode() != websocket::Opcode::pong) return false;
  unwritten_ += pong->wire().size() - frames_.back()->wire().size();
  frames_.back() = std::move(pong);
  return true;
}

std::size_t SendQueue::drop_unwritten() noexcept {
  const std::size_t kept = offset_ > 0 ? first_ + 1 : first_;
  const std::size_t lost = frames_.size() - kept;
  frames_.resize(kept);
  unwritten_ = offset_ > 0 ? frames_[first_]->wire().size() - offset_ : 0;
  return lost;
}

void SendQueue::clear() noexcept {
  frames_.clear();
  if (frames_.capacity() > kKeptCapacity) frames_.shrink_to_fit();
  first_ = offset_ = unwritten_ = 0;
}

}  // namespace signalbox

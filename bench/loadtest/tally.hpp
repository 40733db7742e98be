// What one client got of what was meant for it.
#pragma once

#include <cstdint>
#include <vector>

namespace signalbox::bench {

/// Exact, however late or however often a message comes. Room for a bit a message, once the first has come.
class Tally {
 public:
  enum class Arrival : std::uint8_t {
    in_order,
    reordered,  ///< the first time, after one that was sent later (RFC 4737: its sequence is below the next expected)
    duplicate,
  };

  /// `of`: how many are meant for this client; `sequence` is below that.
  Arrival take(std::uint32_t sequence, std::uint32_t of) {
    if (seen_.empty()) seen_.resize(of);
    if (seen_[sequence]) return Arrival::duplicate;
    seen_[sequence] = true;
    if (sequence < next_) return Arrival::reordered;
    next_ = sequence + 1;
    return Arrival::in_order;
  }

 private:
  std::vector<bool> seen_;
  std::uint32_t next_ = 0;  // beyond the latest that has come
};

}  // namespace signalbox::bench

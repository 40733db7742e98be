// Drops what arrives twice: remembers the last sequences of each publisher.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>

namespace signalbox {

/// Threading: any thread.
class SequenceWindow {
 public:
  /// Sequences remembered of each publisher. One that is older can't be judged and is taken for new.
  static constexpr std::size_t kSequences = 1024;
  /// Publishers remembered; the one that came first is forgotten first.
  static constexpr std::size_t kPublishers = 4096;

  /// True when this sequence of this publisher has not been seen; remembers it.
  bool first_time(std::uint64_t publisher, std::uint64_t sequence);

 private:
  struct Seen {
    std::uint64_t newest = 0;
    std::bitset<kSequences> bits;  ///< bit n: the sequence ≤ newest that is n modulo the window
  };

  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Seen> publishers_;
  std::deque<std::uint64_t> order_;
};

}  // namespace signalbox

// Of clients that a process of their own holds: how many have failed, and why the first did.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "bench/client_pool.hpp"

namespace signalbox::bench {

/// In memory that both processes share.
class SharedFailures {
 public:
  /// To be called by the holder, after each poll().
  void take(const ClientPool& pool);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// Empty if none has failed. Cut at 199 bytes.
  [[nodiscard]] std::string reason() const { return count_ == 0 ? "" : reason_.data(); }

 private:
  std::atomic<std::uint64_t> count_{0};
  std::array<char, 200> reason_{};  // written once, before `count_`
};

}  // namespace signalbox::bench

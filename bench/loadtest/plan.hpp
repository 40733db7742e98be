// What a load test will send: decided beforehand and from a seed, so that every broker gets the same work.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace signalbox::bench {

/// Messages to users drawn at random, each user as likely.
class Plan {
 public:
  Plan(std::size_t users, std::uint64_t messages, std::uint64_t seed);

  [[nodiscard]] std::uint64_t messages() const noexcept { return users_.size(); }

  [[nodiscard]] std::uint32_t user(std::uint64_t number) const noexcept { return users_[number]; }
  [[nodiscard]] std::uint32_t sequence(std::uint64_t number) const noexcept { return sequences_[number]; }
  /// How many there are for this user.
  [[nodiscard]] std::uint32_t messages_to(std::uint32_t user) const noexcept { return totals_[user]; }

 private:
  std::vector<std::uint32_t> users_;      // by message
  std::vector<std::uint32_t> sequences_;  // by message
  std::vector<std::uint32_t> totals_;     // by user
};

/// So many are due in `time`.
std::uint64_t messages_in(std::chrono::milliseconds time, double per_second);

/// Messages of a plan that go out one after the other at one rate.
struct Leg {
  std::uint64_t first = 0;
  std::uint64_t warmup = 0;    ///< so many are sent, but not measured
  std::uint64_t messages = 0;  ///< that are
  double per_second = 1;

  [[nodiscard]] std::uint64_t measured_from() const noexcept { return first + warmup; }
  [[nodiscard]] std::uint64_t end() const noexcept { return measured_from() + messages; }
};

/// From message `first` of the plan on.
Leg leg_at(std::chrono::milliseconds warmup, std::chrono::milliseconds duration, double per_second, std::uint64_t first = 0);

}  // namespace signalbox::bench

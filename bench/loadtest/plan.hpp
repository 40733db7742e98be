// What a load test will send: decided beforehand and from a seed, so that every broker gets the same work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace signalbox::bench {

struct PlanOptions {
  std::size_t users = 1;
  std::uint64_t messages = 0;  ///< that are measured
  std::uint64_t warmup = 0;    ///< messages before them
  double per_second = 1;
  std::uint64_t seed = 1;
};

/// Messages to users drawn at random, each user as likely.
class Plan {
 public:
  explicit Plan(const PlanOptions& options);

  /// Warm-up included.
  [[nodiscard]] std::uint64_t messages() const noexcept { return users_.size(); }
  [[nodiscard]] std::uint64_t warmup() const noexcept { return options_.warmup; }
  [[nodiscard]] bool measured(std::uint64_t number) const noexcept { return number >= options_.warmup; }
  [[nodiscard]] std::size_t users() const noexcept { return options_.users; }
  [[nodiscard]] double per_second() const noexcept { return options_.per_second; }

  [[nodiscard]] std::uint32_t user(std::uint64_t number) const noexcept { return users_[number]; }
  [[nodiscard]] std::uint32_t sequence(std::uint64_t number) const noexcept { return sequences_[number]; }
  /// How many there are for this user.
  [[nodiscard]] std::uint32_t messages_to(std::uint32_t user) const noexcept { return totals_[user]; }

 private:
  PlanOptions options_;
  std::vector<std::uint32_t> users_;      // by message
  std::vector<std::uint32_t> sequences_;  // by message
  std::vector<std::uint32_t> totals_;     // by user
};

}  // namespace signalbox::bench

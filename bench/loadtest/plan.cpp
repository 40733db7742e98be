#include "bench/loadtest/plan.hpp"

#include <cmath>
#include <random>

namespace signalbox::bench {

Plan::Plan(std::size_t users, std::uint64_t messages, std::uint64_t seed) : totals_(users) {
  users_.reserve(messages);
  sequences_.reserve(messages);
  // The engine's numbers are laid down by the standard, those of std::uniform_int_distribution are not: by a multiplication
  // instead (Lemire 2019), whose bias is users / 2^32.
  std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
  for (std::uint64_t n = 0; n < messages; ++n) {
    const auto user = static_cast<std::uint32_t>(std::uint64_t{random()} * users >> 32);
    users_.push_back(user);
    sequences_.push_back(totals_[user]++);
  }
}

std::uint64_t messages_in(std::chrono::milliseconds time, double per_second) {
  return static_cast<std::uint64_t>(std::llround(std::chrono::duration<double>(time).count() * per_second));
}

Leg leg_at(std::chrono::milliseconds warmup, std::chrono::milliseconds duration, double per_second, std::uint64_t first) {
  return {first, messages_in(warmup, per_second), messages_in(duration, per_second), per_second};
}

}  // namespace signalbox::bench

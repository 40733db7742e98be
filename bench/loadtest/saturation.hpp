// The search for the highest rate that a broker holds.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// Doubles the rate until one does not hold, then halves the interval until its ends are less than 10 % apart.
class Saturation {
 public:
  /// Of all steps together; a search that would need more ends with what it has.
  static constexpr std::uint64_t kMessages = 10'000'000;
  /// Less than this share of what was offered a second means that it was not kept up with.
  static constexpr double kKeptUp = 0.95;

  /// A rate holds if its p99 is at most `slo`, nothing is lost or refused, and messages arrive at the rate at which they are
  /// due.
  Saturation(double first, std::chrono::milliseconds slo) : slo_(slo), rate_(first) {}

  /// The rate to be tried; nothing: the search is over.
  [[nodiscard]] std::optional<double> next() const;
  /// What a try at `rate`, the one that next() has named, came to.
  Step judge(double rate, const Result& result);

  /// The highest that has held; 0: none.
  [[nodiscard]] double highest() const noexcept { return held_; }

 private:
  std::chrono::milliseconds slo_;
  double rate_;
  double held_ = 0;
  double failed_ = 0;  // the lowest that has not held; 0: none
};

}  // namespace signalbox::bench

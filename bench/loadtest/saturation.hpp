// The search for the highest rate that a broker holds.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// Searches several times, as one machine is not the same from one minute to the next: doubles the rate until one does not
/// hold, then halves the interval until its ends are less than 5 % apart. Later searches begin near what the one before has
/// found. A rate is given up only where it does not hold twice: whatever disturbs a try makes it look worse, never better.
class Saturation {
 public:
  /// Of all steps together; a search that would need more ends with what it has.
  static constexpr std::uint64_t kMessages = 20'000'000;
  /// Less than this share of what was offered a second means that it was not kept up with.
  static constexpr double kKeptUp = 0.95;

  /// A rate holds if its p99 is at most `slo`, nothing is lost or refused, and messages arrive at the rate at which they are
  /// due.
  Saturation(double first, std::chrono::milliseconds slo, std::size_t searches)
      : slo_(slo), searches_(searches), rate_(first) {}

  /// The rate to be tried; nothing: all searches are over.
  [[nodiscard]] std::optional<double> next() const;
  /// What a try at the rate that next() has named came to.
  Step judge(const Result& result);
  /// No more tries: what has been found is all there is.
  void end();

  /// Which search goes on, from 0.
  [[nodiscard]] std::size_t search() const noexcept { return found_.size(); }
  struct Found {
    double rate = 0;    ///< the highest that has held
    std::string limit;  ///< what was full at the lowest that has not; empty if each has
  };
  /// By search that is over.
  [[nodiscard]] const std::vector<Found>& found() const noexcept { return found_; }
  /// The search that has found the median: of an even number the lower. There has to be one.
  [[nodiscard]] std::size_t median() const;

 private:
  /// The interval, by what a rate has come to; the next rate is within.
  void narrow(const Step& step);
  void conclude();

  std::chrono::milliseconds slo_;
  std::size_t searches_;
  double rate_;
  double pace_ = 2;    // while one end of the interval is not known
  bool once_ = false;  // this rate has not held already
  bool over_ = false;
  double held_ = 0;    // in this search; 0: none
  double failed_ = 0;  // the lowest that has not held
  std::string limit_;  // then
  std::vector<Found> found_;
};

}  // namespace signalbox::bench

// Whether a process holds more and more.
#pragma once

#include <cstddef>
#include <vector>

namespace signalbox::test {

/// Two medians of samples taken at equal intervals: of the fifth that follows the first third, in which caches fill, and of the
/// last fifth. A peak moves neither.
struct Growth {
  std::size_t early = 0;
  std::size_t late = 0;

  /// Errors: std::invalid_argument for fewer than 15 samples.
  explicit Growth(const std::vector<std::size_t>& samples);
  /// It grew by no more than `bytes` and `part` of what it was.
  [[nodiscard]] bool within(std::size_t bytes, double part) const;
};

}  // namespace signalbox::test

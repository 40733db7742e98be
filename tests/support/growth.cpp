#include "tests/support/growth.hpp"

#include <algorithm>
#include <stdexcept>

namespace signalbox::test {
namespace {

std::size_t median(std::vector<std::size_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Growth::Growth(const std::vector<std::size_t>& samples) {
  if (samples.size() < 15) throw std::invalid_argument("too few samples to tell a growth");
  const auto third = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 3);
  const auto fifth = static_cast<std::ptrdiff_t>(samples.size() / 5);
  early = median({third, third + fifth});
  late = median({samples.end() - fifth, samples.end()});
}

bool Growth::within(std::size_t bytes, double part) const {
  return static_cast<double>(late) <= static_cast<double>(early) * (1 + part) + static_cast<double>(bytes);
}

}  // namespace signalbox::test

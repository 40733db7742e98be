#include "bench/loadtest/numbers.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace signalbox::bench {

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string fixed(double value, int digits) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.*f", digits, std::fabs(value));
  std::string all(text.data());
  for (std::size_t at = std::min(all.find('.'), all.size()); at > 3;) all.insert(at -= 3, 1, ',');
  return value < 0 && all.find_first_of("123456789") != std::string::npos ? "-" + all : all;
}

std::string significant(double value) {
  const double size = std::fabs(value);
  return fixed(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

std::string milliseconds(std::chrono::nanoseconds time) {
  return significant(std::chrono::duration<double, std::milli>(time).count());
}

}  // namespace signalbox::bench

#pragma once

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "tests/support/deadline.hpp"

namespace signalbox::test {

/// SIGNALBOX_SOAK_ROUNDS, or few.
inline int soak_rounds() {
  const char* rounds = std::getenv("SIGNALBOX_SOAK_ROUNDS");
  return rounds ? std::max(1, std::atoi(rounds)) : 10;
}

/// "WHAT: median 12 ms, p90 20 ms, max 31 ms (of 100)"; `times` must not be empty.
inline void print_distribution(const std::string& what, std::vector<milliseconds> times) {
  std::sort(times.begin(), times.end());
  const auto at = [&](double part) {
    return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))].count();
  };
  std::cout << what << ": median " << at(0.5) << " ms, p90 " << at(0.9) << " ms, max " << at(1) << " ms (of " << times.size()
            << ")\n";
}

}  // namespace signalbox::test

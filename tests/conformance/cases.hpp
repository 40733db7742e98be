// The forty cases of the broker contract, by number. What a case can't do to a server it says (SIGNALBOX_NEEDS), so that the
// report gives a reason and never a silence.
#pragma once

#include <chrono>
#include <span>
#include <string_view>

#include "tests/conformance/trial.hpp"

namespace signalbox::conformance {

struct Case {
  int number;
  std::string_view promise;  ///< "delivers a message once, byte for byte"
  void (*run)(Trial&);
  std::chrono::seconds limit{120};  ///< no broker that works needs as long
};

/// In the order of their numbers, 1 to 40.
[[nodiscard]] std::span<const Case> all_cases();

}  // namespace signalbox::conformance

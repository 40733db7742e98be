// Why the broker is not ready.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "brokers/redis/errors.hpp"

namespace signalbox::redis {

/// kind: the gravest, a fault that only an operator can correct before a lost link; its reasons stand first.
struct Trouble {
  FaultKind kind = FaultKind::lost;
  std::vector<std::string> reasons;

  void add(FaultKind of, const std::string& name, const std::string& text) {
    if (of == FaultKind::lost) {
      reasons.push_back(name + ": " + text);
      return;
    }
    kind = of;
    reasons.insert(reasons.begin(), (of == FaultKind::auth ? "auth: " : "config: ") + text);
  }
  void append(Trouble other) {
    if (other.kind != FaultKind::lost) {
      kind = other.kind;
      reasons.swap(other.reasons);
    }
    reasons.insert(reasons.end(), std::make_move_iterator(other.reasons.begin()), std::make_move_iterator(other.reasons.end()));
  }
};

}  // namespace signalbox::redis

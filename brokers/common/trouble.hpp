// Why a broker is not ready.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "signalbox/broker.hpp"

namespace signalbox::brokers {

enum class TroubleKind : std::uint8_t {
  lost,    ///< it may pass by itself
  auth,    ///< retry slowly until someone corrects it
  config,  ///< as auth
};

/// kind: the gravest, one that only an operator can correct before a lost link; its reasons stand first.
struct Trouble {
  TroubleKind kind = TroubleKind::lost;
  std::vector<std::string> reasons;

  /// name: of what is in trouble; none for the broker as a whole.
  void add(TroubleKind of, const std::string& name, const std::string& text) {
    if (of == TroubleKind::lost) {
      reasons.push_back(name.empty() ? text : name + ": " + text);
      return;
    }
    kind = of;
    reasons.insert(reasons.begin(), (of == TroubleKind::auth ? "auth: " : "config: ") + text);
  }
  void append(Trouble other) {
    if (other.kind != TroubleKind::lost) {
      kind = other.kind;
      reasons.swap(other.reasons);
    }
    reasons.insert(reasons.end(), std::make_move_iterator(other.reasons.begin()), std::make_move_iterator(other.reasons.end()));
  }

  /// What it means for a broker that has, or has not yet, been ready.
  [[nodiscard]] State state(bool was_ready) const noexcept {
    if (kind != TroubleKind::lost) return State::failed;
    return was_ready ? State::degraded : State::connecting;
  }
};

}  // namespace signalbox::brokers

// What the host was last told about the broker's state.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "signalbox/broker.hpp"

namespace signalbox::brokers {

class StateReport {
 public:
  explicit StateReport(Host& host) noexcept : host_(host) {}

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] const std::vector<std::string>& reasons() const noexcept { return reasons_; }
  /// Only what is new is told.
  void tell(State state, std::vector<std::string> reasons = {}) {
    if (state == state_ && reasons == reasons_) return;
    state_ = state;
    reasons_ = std::move(reasons);
    const std::vector<std::string_view> views(reasons_.begin(), reasons_.end());
    host_.state(state_, views);
  }

 private:
  Host& host_;
  State state_ = State::connecting;
  std::vector<std::string> reasons_;
};

}  // namespace signalbox::brokers

// Many calls at once, and what came of them.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "tests/conformance/trial.hpp"

namespace signalbox::conformance {

/// Keeps a bounded number of calls open, so that a broker with a short queue is not asked for more than it must take.
class Window {
 public:
  static constexpr std::size_t kOpen = 1000;

  explicit Window(std::function<void(const Outcome&)> on_outcome) : on_outcome_(std::move(on_outcome)) {}
  ~Window() { finish(); }

  void add(Pending pending) {
    open_.push_back(std::move(pending));
    if (open_.size() > kOpen) take_one();
  }
  void finish() {
    while (!open_.empty()) take_one();
  }

 private:
  void take_one() {
    Pending first = std::move(open_.front());
    open_.pop_front();
    on_outcome_(test::wait(std::move(first)));
  }

  std::function<void(const Outcome&)> on_outcome_;
  std::deque<Pending> open_;
};

/// Subscribes to all of them, each confirmed.
inline void subscribe_all(const Peer& peer, const std::vector<std::string>& channels) {
  Window window([](const Outcome& outcome) { EXPECT_TRUE(outcome.ok()) << outcome.detail; });
  for (const std::string& channel : channels) window.add(test::subscribe(*peer, channel));
}

/// "NAME0" to "NAME(count - 1)" behind the trial's prefix.
inline std::vector<std::string> numbered(const Trial& trial, const std::string& name, std::size_t count) {
  std::vector<std::string> channels;
  for (std::size_t i = 0; i < count; ++i) channels.push_back(trial.channel(name + std::to_string(i)));
  return channels;
}

}  // namespace signalbox::conformance

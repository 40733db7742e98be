// Of which subjects messages were dropped.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>

namespace signalbox::nats {

/// Beyond kSubjects of them it is no longer known of which.
class Dropped {
 public:
  static constexpr std::size_t kSubjects = 1000;

  void add(std::string subject) {
    if (subjects_.size() < kSubjects || subjects_.contains(subject)) {
      subjects_.insert(std::move(subject));
    } else {
      any_ = true;
    }
  }
  void add(Dropped other) {
    any_ = any_ || other.any_;
    while (!other.subjects_.empty()) add(std::move(other.subjects_.extract(other.subjects_.begin()).value()));
  }

  [[nodiscard]] const std::set<std::string>& subjects() const noexcept { return subjects_; }
  /// Any other one may be concerned as well.
  [[nodiscard]] bool any() const noexcept { return any_; }

 private:
  std::set<std::string> subjects_;
  bool any_ = false;
};

}  // namespace signalbox::nats

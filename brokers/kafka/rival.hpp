// Another instance that runs under our name: it has to be gone for a while before we come back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

class Rival {
 public:
  static constexpr Duration kSilentFor{10'000};

  void met(std::uint64_t incarnation, Time now) noexcept {
    incarnation_ = std::max(incarnation_, incarnation);
    met_at_ = now;
  }
  [[nodiscard]] bool present() const noexcept { return met_at_.has_value(); }
  /// Once, when it has been silent for long enough: the latest of its incarnations.
  [[nodiscard]] std::optional<std::uint64_t> take_gone(Time now) noexcept {
    if (!met_at_ || now - *met_at_ < kSilentFor) return std::nullopt;
    met_at_.reset();
    return incarnation_;
  }

 private:
  std::optional<Time> met_at_;
  std::uint64_t incarnation_ = 0;
};

}  // namespace signalbox::kafka

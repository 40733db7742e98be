// Which keys exist: full dotted keys and the rows that describe them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signalbox/settings.hpp"

namespace signalbox {

class Schema {
 public:
  /// The server's own options.
  [[nodiscard]] static Schema core();
  /// `section`: "broker.redis". Lifetime: keeps pointers to the rows.
  Schema(std::string_view section, std::span<const Option> options);

  /// Null if there is no such key. A prefix option answers for every key below it that no longer row matches.
  [[nodiscard]] const Option* find(std::string_view key) const noexcept;
  /// Whether keys exist below this one.
  [[nodiscard]] bool is_section(std::string_view key) const;
  /// The known key that an unknown one probably means, or empty: near in spelling at the first level where the two part, or
  /// in another section under just this name.
  [[nodiscard]] std::string suggestion(std::string_view unknown) const;

 private:
  Schema() = default;
  [[nodiscard]] std::vector<std::string> children(std::string_view section) const;

  std::vector<std::pair<std::string, const Option*>> rows_;
};

}  // namespace signalbox

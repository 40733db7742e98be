// The options a broker declares and the values it is given.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signalbox/plugin.h"

namespace signalbox {

/// One row of a broker's option table: the C struct itself, so that a table is a constant array.
using Option = signalbox_option;

/// The values of a broker's section, already validated against its table and complete with fallbacks (plugin.h,
/// signalbox_setting). Asking for a key that is not there gives an empty value.
class Settings {
 public:
  Settings() = default;
  explicit Settings(std::vector<std::pair<std::string, std::string>> values) : values_(std::move(values)) {}

  [[nodiscard]] std::string text(std::string_view key) const {
    for (const auto& [name, value] : values_) {
      if (name == key) return value;
    }
    return {};
  }
  [[nodiscard]] std::int64_t integer(std::string_view key) const {
    const std::string value = text(key);
    std::int64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
  }
  [[nodiscard]] bool flag(std::string_view key) const { return text(key) == "true"; }
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view key) const {
    return std::chrono::milliseconds(integer(key));
  }
  [[nodiscard]] std::vector<std::string> list(std::string_view key) const {
    std::vector<std::string> found;
    for (const auto& [name, value] : values_) {
      if (name == key) found.push_back(value);
    }
    return found;
  }
  /// Every setting as it was given, in order: for options that are a prefix.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const noexcept { return values_; }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace signalbox

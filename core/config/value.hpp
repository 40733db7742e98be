// One value of one option: checked against its row, and brought into the form that plugin.h gives to plugins (durations in
// milliseconds, sizes in bytes). The table of the server and the tables of the plugins go through the same code.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "signalbox/settings.hpp"

#include "core/config/config.hpp"
#include "core/config/yaml.hpp"

namespace signalbox {

/// Why a value does not fit: the part of the error line behind the key.
class BadValue : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[nodiscard]] bool is_list(const Option& option) noexcept;
/// The words of "single|cluster", also of one word alone; empty for every other type.
[[nodiscard]] std::vector<std::string> words_of(const Option& option);
/// Shown masked, and never repeated in an error.
[[nodiscard]] bool is_confidential(const Option& option) noexcept;

/// The elements of a node as they were written; exactly one unless the option is a list. Errors: BadValue.
[[nodiscard]] std::vector<std::string> raw_values(const Option& option, const YamlNode& node);
/// One element as plugin.h has it. Errors: BadValue.
[[nodiscard]] std::string normalise(const Option& option, const std::string& text);
/// The inverse, for people: 30000 of a duration is "30s".
[[nodiscard]] std::string humanise(const Option& option, const std::string& value);

/// Errors: BadValue.
[[nodiscard]] ListenAddress parse_address(std::string_view text);
[[nodiscard]] std::string to_string(const ListenAddress& address);
/// 127.0.0.0/8, ::1, and the former mapped into IPv6.
[[nodiscard]] bool is_loopback(const ListenAddress& address);

/// `"text"`, printable and cut to a length that suits an error line.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// The candidate with the smallest edit distance, if it is near enough to be meant; else empty.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// " (did you mean X?)" or nothing.
[[nodiscard]] std::string did_you_mean(const std::string& suggestion);

}  // namespace signalbox

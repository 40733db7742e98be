#include "core/config/value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <span>

#include <arpa/inet.h>

#include "core/config/printable.hpp"

namespace signalbox {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array<Unit, 4> kDurationUnits{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizeUnits{{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}};

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A whole number and a unit, nothing between. `bare`: what a number without a unit counts; 0 refuses it, unless it is 0.
std::optional<std::int64_t> parse_quantity(std::string_view text, std::span<const Unit> units, std::int64_t bare) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<std::int64_t> number = parse_number(text.substr(0, digits));
  if (!number) return std::nullopt;
  std::int64_t factor = *number == 0 ? 1 : bare;
  if (digits < text.size()) {
    const auto* unit = std::find_if(units.data(), units.data() + units.size(),
                                    [&](const Unit& candidate) { return candidate.name == text.substr(digits); });
    factor = unit == units.data() + units.size() ? 0 : unit->factor;
  }
  if (factor == 0 || *number > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
  return *number * factor;
}

std::string with_unit(std::int64_t number, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (number != 0 && number % unit.factor == 0) return std::to_string(number / unit.factor) + std::string(unit.name);
  }
  return std::to_string(number);
}

[[noreturn]] void refuse(const Option& option, const std::string& expected, std::string_view got) {
  throw BadValue("expected " + expected + (is_confidential(option) ? "" : ", got " + in_quotes(got)));
}

std::string in_range(const Option& option, std::int64_t number) {
  const std::string text = std::to_string(number);
  if ((option.min == 0 && option.max == 0) || (number >= option.min && number <= option.max)) return text;
  throw BadValue("must be from " + humanise(option, std::to_string(option.min)) + " to " +
                 humanise(option, std::to_string(option.max)) + ", got " + humanise(option, text));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

bool is_list(const Option& option) noexcept { return std::string_view(option.type) == "list"; }

std::vector<std::string> words_of(const Option& option) {
  constexpr std::string_view kTypes[] = {"text", "integer", "boolean", "duration", "size", "list", "address"};
  const std::string_view type = option.type;
  if (std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes)) return {};
  std::vector<std::string> words;
  for (std::size_t start = 0; start <= type.size();) {
    const std::size_t end = std::min(type.find('|', start), type.size());
    words.emplace_back(type.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

bool is_confidential(const Option& option) noexcept {
  return (option.flags & (SIGNALBOX_OPTION_SECRET | SIGNALBOX_OPTION_URL)) != 0;
}

std::vector<std::string> raw_values(const Option& option, const YamlNode& node) {
  using Kind = YamlNode::Kind;
  if (node.kind == Kind::null) {
    throw BadValue(is_list(option) ? "has no value (write [] for an empty list)"
                                   : "has no value (write \"\" for an empty text)");
  }
  if (!is_list(option)) {
    if (node.kind != Kind::scalar) throw BadValue(std::string("expected one value, got ") + describe(node.kind));
    return {node.text};
  }
  if (node.kind != Kind::sequence) throw BadValue(std::string("expected a list such as [a, b], got ") + describe(node.kind));
  std::vector<std::string> values;
  for (const YamlNode& item : node.items) {
    if (item.kind != Kind::scalar)
      throw BadValue(std::string("expected a list of texts, got ") + describe(item.kind) + " in it");
    values.push_back(item.text);
  }
  return values;
}

std::string normalise(const Option& option, const std::string& text) {
  const std::string_view type = option.type;
  if (text.find('\0') != std::string::npos) throw BadValue("holds a NUL byte");
  if (type == "integer") {
    const auto number = parse_number(text);
    if (!number) refuse(option, "a whole number", text);
    return in_range(option, *number);
  }
  if (type == "boolean") {
    if (text != "true" && text != "false") refuse(option, "true or false", text);
    return text;
  }
  if (type == "duration") {
    const auto number = parse_quantity(text, kDurationUnits, 0);
    if (!number) refuse(option, "a duration such as 250ms, 10s, 1m or 1h", text);
    return in_range(option, *number);
  }
  if (type == "size") {
    const auto number = parse_quantity(text, kSizeUnits, 1);
    if (!number) refuse(option, "a size such as 512B, 64KiB, 1MiB or 1GiB", text);
    return in_range(option, *number);
  }
  if (type == "address") return to_string(parse_address(text));
  const std::vector<std::string> words = words_of(option);
  if (words.empty() || std::find(words.begin(), words.end(), text) != words.end()) return text;
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  throw BadValue("expected " + (words.size() == 1 ? "" : std::string("one of ")) + list + ", got " + in_quotes(text) +
                 did_you_mean(nearest(text, words)));
}

std::string humanise(const Option& option, const std::string& value) {
  const std::string_view type = option.type;
  const auto number = parse_number(value);
  if (number && type == "duration") return *number == 0 ? "0s" : with_unit(*number, kDurationUnits);
  if (number && type == "size") return with_unit(*number, kSizeUnits);
  return value;
}

ListenAddress parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  if (colon != std::string_view::npos && (!bracketed || (colon > 1 && text[colon - 1] == ']'))) {
    const std::string address(bracketed ? text.substr(1, colon - 2) : text.substr(0, colon));
    std::array<unsigned char, sizeof(in6_addr)> binary{};
    std::uint16_t port = 0;
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error == std::errc() && end == digits.data() + digits.size() &&
        inet_pton(bracketed ? AF_INET6 : AF_INET, address.c_str(), binary.data()) == 1) {
      return {address, port};
    }
  }
  throw BadValue("expected ADDRESS:PORT such as 127.0.0.1:8765 or [::1]:8765, got " + in_quotes(text));
}

std::string to_string(const ListenAddress& address) {
  const bool v6 = address.address.find(':') != std::string::npos;
  return (v6 ? "[" + address.address + "]" : address.address) + ":" + std::to_string(address.port);
}

bool is_loopback(const ListenAddress& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.address.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.address.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  if (text.size() <= kLongest) return '"' + printable(text) + '"';
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return '"' + printable(text.substr(0, end)) + "…\"";
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongestWord = 64;  // the distance costs the product of both lengths
  if (word.size() > kLongestWord) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

std::string did_you_mean(const std::string& suggestion) {
  return suggestion.empty() ? "" : " (did you mean " + suggestion + "?)";
}

}  // namespace signalbox

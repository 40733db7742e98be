#include "server/clients/extensions.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace signalbox {
namespace {

constexpr std::uint8_t kSmallestWindow = 8;
constexpr std::uint8_t kLargestWindow = 15;

struct Parameter {
  std::string_view name;
  std::optional<std::string> value;
};

struct Extension {
  std::string_view name;
  std::vector<Parameter> parameters;
};

/// Reads one field value by the grammar of RFC 6455 section 9.1.
class ExtensionReader {
 public:
  explicit ExtensionReader(std::string_view text) : rest_(text) {}

  /// Appends what is offered; false if it is not well-formed. Lists may have empty elements (RFC 9110 section 5.6.1.2).
  bool read(std::vector<Extension>& offers) {
    do {
      const std::string_view name = token();
      if (name.empty()) continue;
      offers.push_back({name, {}});
      while (take(';')) {
        if (!read_parameter(offers.back())) return false;
      }
    } while (take(','));
    return rest_.empty();
  }

 private:
  bool read_parameter(Extension& extension) {
    Parameter parameter{token(), std::nullopt};
    if (parameter.name.empty()) return false;
    if (take('=')) {
      parameter.value = take('"') ? quoted() : std::string(token());
      // What was quoted has to be a token as well.
      if (parameter.value->empty() || !std::all_of(parameter.value->begin(), parameter.value->end(), http::is_token))
        return false;
    }
    extension.parameters.push_back(std::move(parameter));
    return true;
  }

  /// What stands up to the closing quote; empty if there is none.
  std::string quoted() {
    std::string text;
    while (!rest_.empty()) {
      char c = next();
      if (c == '"') return text;
      if (c == '\\' && !rest_.empty()) c = next();
      text += c;
    }
    return {};
  }

  std::string_view token() {
    skip_space();
    const std::size_t end =
        static_cast<std::size_t>(std::find_if_not(rest_.begin(), rest_.end(), http::is_token) - rest_.begin());
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(end);
    skip_space();
    return found;
  }

  bool take(char c) {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  char next() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  std::string_view rest_;
};

/// RFC 7692 section 7.1.2: 8 to 15 without a leading zero; 0 for anything else.
std::uint8_t window_bits(std::string_view value) {
  for (std::uint8_t bits = kSmallestWindow; bits <= kLargestWindow; ++bits) {
    if (value == std::to_string(bits)) return bits;
  }
  return 0;
}

bool stands_twice(const Extension& offer, const Parameter& parameter) {
  return std::count_if(offer.parameters.begin(), offer.parameters.end(),
                       [&](const Parameter& other) { return other.name == parameter.name; }) > 1;
}

/// The answer to one offer of permessage-deflate, or nothing where it is declined.
std::optional<ExtensionAnswer> accept(const Extension& offer) {
  ExtensionAnswer answer{false, kLargestWindow, "permessage-deflate; server_no_context_takeover; client_no_context_takeover"};
  for (const Parameter& parameter : offer.parameters) {
    const auto& [name, value] = parameter;
    if (stands_twice(offer, parameter)) return std::nullopt;
    if (name == "server_no_context_takeover" || name == "client_no_context_takeover") {
      if (value) return std::nullopt;
    } else if (name == "server_max_window_bits") {
      answer.window_bits = value ? window_bits(*value) : std::uint8_t{0};
      if (answer.window_bits == 0) return std::nullopt;
      answer.value.append("; server_max_window_bits=").append(*value);
    } else if (name == "client_max_window_bits") {
      // Left to the client: what inflates has the largest window, once a shard.
      if (value && window_bits(*value) == 0) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return answer;
}

}  // namespace

ExtensionAnswer answer_extensions(const http::RequestHead& head) {
  std::vector<Extension> offers;
  for (const auto& [name, value] : head.fields) {
    if (!http::equal_without_case(name, "sec-websocket-extensions")) continue;
    if (!ExtensionReader(value).read(offers)) return {true, 0, {}};
  }
  for (const Extension& offer : offers) {
    if (offer.name != "permessage-deflate") continue;
    if (std::optional<ExtensionAnswer> answer = accept(offer)) return *std::move(answer);
  }
  return {};
}

}  // namespace signalbox

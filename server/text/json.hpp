// What Boost.JSON does not offer: the very bytes of a member's value, and checks that keep no document.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signalbox::json {

/// Deepest nesting that is taken for JSON.
inline constexpr std::size_t kMaxDepth = 32;

/// Whether `text` is exactly one valid JSON object or array (valid UTF-8, at most kMaxDepth deep), white space around it
/// allowed.
bool is_object_or_array(std::string_view text);

/// The same for a value of any kind.
bool is_value(std::string_view text);

/// `text` as a JSON string literal with its quotes. Of a text that is no UTF-8 (a broker's own words, perhaps) every byte
/// beyond ASCII becomes a question mark.
std::string quoted(std::string_view text);

/// One member of an object, as it was written.
struct Member {
  std::string name;        ///< unescaped; empty if it is no text: half a surrogate pair in it
  std::string_view value;  ///< the value's bytes, without white space around it
};

/// The members of the object that `text` is, in order, repeated names included; nothing if it is no valid JSON object.
std::optional<std::vector<Member>> members(std::string_view text, std::size_t max_depth = kMaxDepth);

/// The same of an object as deep as it may be, whose strings may hold half a surrogate pair: that is JSON, but no text. Memory
/// and time grow with the size of `text`, the stack does not.
std::optional<std::vector<Member>> members_at_any_depth(std::string_view text);

/// The text of a value that is a JSON string literal; nothing if it is another kind of value.
std::optional<std::string> as_string(std::string_view value);

}  // namespace signalbox::json

#include "server/text/json.hpp"

#include <algorithm>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "websocket/utf8.hpp"

namespace signalbox::json {
namespace {

using boost::json::error_code;

/// Accepts every event and keeps nothing.
struct Ignore {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t, error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(boost::json::string_view, std::size_t, error_code&) { return true; }
  bool on_key(boost::json::string_view, std::size_t, error_code&) { return true; }
  bool on_string_part(boost::json::string_view, std::size_t, error_code&) { return true; }
  bool on_string(boost::json::string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(boost::json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, boost::json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, boost::json::string_view, error_code&) { return true; }
  bool on_double(double, boost::json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(boost::json::string_view, error_code&) { return true; }
  bool on_comment(boost::json::string_view, error_code&) { return true; }
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_valid(std::string_view text, std::size_t max_depth = kMaxDepth) {
  boost::json::parse_options options;
  options.max_depth = max_depth;
  boost::json::basic_parser<Ignore> parser(options);
  error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) return false;
  for (const char c : text.substr(used)) {
    if (!is_space(c)) return false;
  }
  return true;
}

/// Walks over JSON that is known to be valid.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  char peek() {
    while (is_space(text_[at_])) ++at_;
    return text_[at_];
  }
  void skip(char expected) {
    if (peek() == expected) ++at_;
  }

  /// The next value's bytes.
  std::string_view value() {
    const char first = peek();
    const std::size_t begin = at_;
    if (first == '"') {
      string();
    } else if (first == '{' || first == '[') {
      nested();
    } else {
      at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    }
    return text_.substr(begin, at_ - begin);
  }

 private:
  void string() {
    for (++at_; text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }
  void nested() {
    std::size_t depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth > 0);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

char first_char(std::string_view text) {
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? '\0' : text[at];
}

/// Copies the string literal that begins at `at`, with another character for each half of a surrogate pair; returns where it
/// ends, or npos.
std::size_t copy_string(std::string_view text, std::size_t at, std::string& to) {
  for (to += text[at++]; at < text.size(); ++at) {
    to += text[at];
    if (text[at] == '"') return at + 1;
    if (text[at] != '\\') continue;
    ++at;
    if (at == text.size()) break;
    to += text[at];
    if (text[at] != 'u' || at + 1 == text.size() || (text[at + 1] != 'd' && text[at + 1] != 'D')) continue;
    to += '0';
    ++at;
  }
  return std::string_view::npos;
}

/// Whether `text` is JSON to its grammar (RFC 8259), however deep. Boost's parser recurses, so it gets slices of kMaxDepth: the
/// outermost value, with [] for each array or object that lies so deep in it, and each of those in the same way.
bool is_valid_in_slices(std::string_view text) {
  constexpr std::size_t kSliceDepth = kMaxDepth + 1;  // with the [] in it
  std::vector<std::string> slices(1);
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = copy_string(text, at, slices.back());
      continue;  // npos ends the loop, with a slice that has no end
    }
    ++at;
    const bool opens = c == '{' || c == '[';
    const bool closes = c == '}' || c == ']';
    if (opens && depth > 0 && depth % kMaxDepth == 0) {
      slices.back() += "[]";
      slices.emplace_back();
    }
    slices.back() += c;
    if (opens) ++depth;
    if (!closes) continue;
    if (depth == 0) return false;
    --depth;
    if (depth == 0 || depth % kMaxDepth != 0) continue;
    if (!is_valid(slices.back(), kSliceDepth)) return false;
    slices.pop_back();
  }
  return depth == 0 && is_valid(slices.back(), kSliceDepth);
}

/// Of an object that is known to be valid.
std::vector<Member> read_members(std::string_view object) {
  std::vector<Member> found;
  Walker walker(object);
  walker.skip('{');
  while (walker.peek() != '}') {
    std::string name = as_string(walker.value()).value_or("");
    walker.skip(':');
    found.push_back({std::move(name), walker.value()});
    walker.skip(',');
  }
  return found;
}

}  // namespace

bool is_object_or_array(std::string_view text) {
  const char first = first_char(text);
  return (first == '{' || first == '[') && is_valid(text);
}

bool is_value(std::string_view text) { return is_valid(text); }

std::string quoted(std::string_view text) {
  if (websocket::is_valid_utf8(text)) return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
  std::string ascii(text);
  std::replace_if(ascii.begin(), ascii.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7F; }, '?');
  return boost::json::serialize(boost::json::string_view(ascii));
}

std::optional<std::vector<Member>> members(std::string_view text, std::size_t max_depth) {
  if (first_char(text) != '{' || !is_valid(text, max_depth)) return std::nullopt;
  return read_members(text);
}

std::optional<std::vector<Member>> members_at_any_depth(std::string_view text) {
  if (first_char(text) != '{' || !(is_valid(text) || is_valid_in_slices(text))) return std::nullopt;
  return read_members(text);
}

std::optional<std::string> as_string(std::string_view value) {
  if (first_char(value) != '"') return std::nullopt;
  error_code ec;
  const boost::json::value parsed = boost::json::parse({value.data(), value.size()}, ec);
  if (ec || !parsed.is_string()) return std::nullopt;
  return std::string(parsed.get_string());
}

}  // namespace signalbox::json

// YAML text as a tree that keeps the position of every key and value. Only what a configuration needs: no aliases, no tags,
// one document, scalars as they were written.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace signalbox {

/// 1-based.
struct YamlPosition {
  int line = 1;
  int column = 1;
};

struct YamlEntry;

struct YamlNode {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  YamlPosition position;
  std::string text;                ///< scalar
  std::vector<YamlNode> items;     ///< sequence
  std::vector<YamlEntry> entries;  ///< map, in order; a key may stand twice
};

struct YamlEntry {
  std::string key;
  YamlPosition position;
  YamlNode value;
};

/// "text", "a list", "a map", "nothing": how an error names what it found.
[[nodiscard]] const char* describe(YamlNode::Kind kind) noexcept;

class YamlError : public std::runtime_error {
 public:
  YamlError(YamlPosition at, const std::string& reason) : std::runtime_error(reason), position(at) {}
  YamlPosition position;
};

/// Nothing but comments gives a null node.
/// Errors: YamlError, also for text over 1 MiB, nesting over 16, control characters and bytes that are not UTF-8.
[[nodiscard]] YamlNode parse_yaml(const std::string& text);

/// A value from the environment, a flag or an option table: a YAML scalar or flow list. Empty text is the empty scalar; text
/// that YAML can't read, such as [::1]:8765, is taken as it stands.
/// Errors: YamlError for control characters and bytes that are not UTF-8.
[[nodiscard]] YamlNode parse_yaml_value(const std::string& text);

}  // namespace signalbox

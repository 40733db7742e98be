#include "core/config/yaml.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "core/config/printable.hpp"

namespace signalbox {
namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024;
constexpr std::size_t kMaxDepth = 16;

YamlPosition position_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

/// Builds the tree from the parser's events. An open node's address is stable: only the innermost open node grows.
class TreeBuilder final : public YAML::EventHandler {
 public:
  YamlNode root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(mark, YamlNode::Kind::null); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YamlError(position_of(mark), "aliases are not supported: write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    refuse_tag(mark, tag);
    if (expects_key()) {
      open_.back()->entries.push_back({value, position_of(mark), {}});
      has_key_.back() = true;
      return;
    }
    add(mark, YamlNode::Kind::scalar).text = value;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    begin(mark, tag, YamlNode::Kind::sequence);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    begin(mark, tag, YamlNode::Kind::map);
  }
  void OnMapEnd() override { end(); }

 private:
  // "?" and "!" are how yaml-cpp marks plain and quoted scalars.
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") throw YamlError(position_of(mark), "tags are not supported: leave it out");
  }

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back()->kind == YamlNode::Kind::map && !has_key_.back();
  }

  YamlNode& add(const YAML::Mark& mark, YamlNode::Kind kind) {
    if (expects_key()) throw YamlError(position_of(mark), "a key must be text");
    YamlNode* node = &root;
    if (!open_.empty() && open_.back()->kind == YamlNode::Kind::map) {
      node = &open_.back()->entries.back().value;
      has_key_.back() = false;
    } else if (!open_.empty()) {
      node = &open_.back()->items.emplace_back();
    }
    node->kind = kind;
    node->position = position_of(mark);
    return *node;
  }

  void begin(const YAML::Mark& mark, const std::string& tag, YamlNode::Kind kind) {
    refuse_tag(mark, tag);
    if (open_.size() == kMaxDepth) throw YamlError(position_of(mark), "nested too deep");
    YamlNode& node = add(mark, kind);
    open_.push_back(&node);
    has_key_.push_back(false);
  }

  void end() {
    open_.pop_back();
    has_key_.pop_back();
  }

  std::vector<YamlNode*> open_;
  std::vector<bool> has_key_;
};

YamlPosition position_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')), 1 + static_cast<int>(offset - line_start)};
}

void refuse_unreadable(const std::string& text) {
  if (text.size() > kMaxBytes) throw YamlError({}, "more than 1 MiB");
  const std::size_t invalid = find_invalid_utf8(text);
  if (invalid != std::string::npos) throw YamlError(position_in(text, invalid), "not UTF-8");
  const auto control = std::find_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7f;
  });
  if (control == text.end()) return;
  throw YamlError(position_in(text, static_cast<std::size_t>(control - text.begin())),
                  "control character: " + printable(std::string(1, *control)));
}

}  // namespace

const char* describe(YamlNode::Kind kind) noexcept {
  switch (kind) {
    case YamlNode::Kind::null: return "nothing";
    case YamlNode::Kind::scalar: return "text";
    case YamlNode::Kind::sequence: return "a list";
    case YamlNode::Kind::map: return "a map";
  }
  return "";
}

YamlNode parse_yaml(const std::string& text) {
  refuse_unreadable(text);
  TreeBuilder builder;
  try {
    // yaml-cpp takes a quote that is never closed, and with it the rest of the file as its text, if the file ends with a line
    // break. So it ends with an empty comment.
    std::istringstream stream(text.substr(0, text.find_last_not_of(" \t\r\n") + 1) + "\n#");
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (parser) {
      TreeBuilder rest;
      if (parser.HandleNextDocument(rest)) throw YamlError(rest.root.position, "a second document: only one is read");
    }
  } catch (const YAML::Exception& error) {
    throw YamlError(position_of(error.mark), "not valid YAML: " + printable(error.msg));
  }
  return std::move(builder.root);
}

YamlNode parse_yaml_value(const std::string& text) {
  refuse_unreadable(text);
  YamlNode node;
  try {
    // A percent sign would begin a directive.
    if (!text.empty() && text.front() != '%') return parse_yaml(text);
  } catch (const YamlError&) {  // NOLINT(bugprone-empty-catch): what is no YAML is text
  }
  node.kind = YamlNode::Kind::scalar;
  node.text = text;
  return node;
}

}  // namespace signalbox

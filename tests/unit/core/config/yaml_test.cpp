#include "core/config/yaml.hpp"

#include <random>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

/// "LINE:COL: reason", or "" if the text is read.
std::string error_of(const std::string& text) {
  try {
    static_cast<void>(parse_yaml(text));
    return "";
  } catch (const YamlError& error) {
    return std::to_string(error.position.line) + ":" + std::to_string(error.position.column) + ": " + error.what();
  }
}

TEST(Yaml, KeepsPositionsOfKeysAndValues) {
  const YamlNode root = parse_yaml("# a comment\nserver:\n  listen: x\n  origins: [a, \"b\"]\n");
  ASSERT_EQ(root.kind, YamlNode::Kind::map);
  const YamlEntry& server = root.entries.at(0);
  EXPECT_EQ(server.key, "server");
  EXPECT_EQ(server.position.line, 2);
  EXPECT_EQ(server.position.column, 1);
  const YamlEntry& listen = server.value.entries.at(0);
  EXPECT_EQ(listen.value.text, "x");
  EXPECT_EQ(listen.value.position.line, 3);
  EXPECT_EQ(listen.value.position.column, 11);
  const YamlNode& origins = server.value.entries.at(1).value;
  ASSERT_EQ(origins.kind, YamlNode::Kind::sequence);
  EXPECT_EQ(origins.items.at(1).text, "b");
  EXPECT_EQ(origins.items.at(1).position.line, 4);
}

TEST(Yaml, NothingButCommentsIsNull) {
  for (const char* text : {"", "# nothing\n", "\n\n", "---\n", "\xef\xbb\xbf"}) {
    EXPECT_EQ(parse_yaml(text).kind, YamlNode::Kind::null) << text;
  }
}

TEST(Yaml, KeepsScalarsAsTheyWereWritten) {
  const YamlNode root = parse_yaml("a: 00:00\nb: 0x10\nc: 'null'\nd: null\ne: yes\n");
  EXPECT_EQ(root.entries.at(0).value.text, "00:00");
  EXPECT_EQ(root.entries.at(1).value.text, "0x10");
  EXPECT_EQ(root.entries.at(2).value.text, "null");
  EXPECT_EQ(root.entries.at(3).value.kind, YamlNode::Kind::null);
  EXPECT_EQ(root.entries.at(4).value.text, "yes");
}

TEST(Yaml, RefusesWhatAConfigurationDoesNotNeed) {
  EXPECT_EQ(error_of("a: &x 1\nb: *x\n"), "2:4: aliases are not supported: write the value out");
  EXPECT_EQ(error_of("a: !!int 1\n"), "1:4: tags are not supported: leave it out");
  EXPECT_EQ(error_of("a: 1\n---\nb: 2\n"), "3:1: a second document: only one is read");
  EXPECT_EQ(error_of("[a]: 1\n"), "1:1: a key must be text");
  EXPECT_EQ(error_of("{a: 1, ~: 2}\n"), "1:8: a key must be text");
}

TEST(Yaml, RefusesMergeBombsAtTheFirstAlias) {
  EXPECT_EQ(error_of("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"), "2:8: aliases are not supported: write the value out");
  EXPECT_EQ(error_of("a: &a {x: 1}\nb: {<<: *a}\n"), "2:9: aliases are not supported: write the value out");
}

TEST(Yaml, RefusesDeepNesting) {
  EXPECT_EQ(error_of(std::string(17, '[') + std::string(17, ']')), "1:17: nested too deep");
  EXPECT_EQ(error_of(std::string(16, '[') + std::string(16, ']')), "");
  for (const char* opening : {"[", "{", "- ", "? ", "[{"}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += opening;
    EXPECT_NE(error_of(text), "") << opening;
  }
}

TEST(Yaml, RefusesBytesThatAreNotText) {
  EXPECT_EQ(error_of("a: 1\nb: \xff\n"), "2:4: not UTF-8");
  EXPECT_EQ(error_of(std::string("a: x\0y\n", 7)), "1:5: control character: \\x00");
  EXPECT_EQ(error_of("a: \x1b[2J\n"), "1:4: control character: \\x1b");
  EXPECT_EQ(error_of("\xff\xfe" + std::string("a\0", 2)), "1:1: not UTF-8");
  EXPECT_EQ(error_of(std::string(1024 * 1024 + 1, '#')), "1:1: more than 1 MiB");
}

TEST(Yaml, SaysWhereItIsNotYaml) {
  EXPECT_EQ(error_of("a: [1, 2\nb: 3\n"), "2:2: not valid YAML: end of sequence flow not found");
  EXPECT_EQ(error_of("a: \"x\nb: y\n\n"), "3:2: not valid YAML: illegal EOF in scalar");
  EXPECT_EQ(error_of("a: 1\n  b: 2\n"), "2:4: not valid YAML: illegal map value");
  EXPECT_EQ(error_of("a:\n\t- b\n"), "2:2: not valid YAML: illegal block entry");
  EXPECT_EQ(error_of("a: @x\n"), "1:4: not valid YAML: unknown token");
}

TEST(Yaml, SurvivesRandomText) {
  constexpr std::string_view kAlphabet = "ab:-[]{}?&*!|>'\"%@`#,.~ \n\t\\<0";
  std::mt19937 random(20261124);
  std::uniform_int_distribution<std::size_t> any(0, kAlphabet.size() - 1);
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int i = 0; i < 24; ++i) text += kAlphabet[any(random)];
    read += error_of(text).empty() ? 1 : 0;
  }
  EXPECT_GT(read, 0);
}

TEST(YamlValue, IsAScalarOrAFlowList) {
  EXPECT_EQ(parse_yaml_value("8765").text, "8765");
  EXPECT_EQ(parse_yaml_value("\"a # b\"").text, "a # b");
  EXPECT_EQ(parse_yaml_value("[a, 'b']").items.at(1).text, "b");
  EXPECT_EQ(parse_yaml_value("").kind, YamlNode::Kind::scalar);
  EXPECT_EQ(parse_yaml_value("~").kind, YamlNode::Kind::null);
  EXPECT_EQ(parse_yaml_value("a: 1").kind, YamlNode::Kind::map);
}

TEST(YamlValue, TakesWhatYamlCannotReadAsItStands) {
  for (const char* text : {"[::1]:8765", "*.example.com", "@x", "%d", "`x`", "a: b: c", "!x y"}) {
    const YamlNode node = parse_yaml_value(text);
    EXPECT_EQ(node.kind, YamlNode::Kind::scalar) << text;
    EXPECT_EQ(node.text, text);
  }
}

}  // namespace
}  // namespace signalbox

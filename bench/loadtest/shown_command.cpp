#include "bench/loadtest/shown_command.hpp"

#include <string_view>

#include "core/config/secrets.hpp"

namespace signalbox::bench {

namespace {

constexpr std::string_view kApiKey = "--api-key";
constexpr std::string_view kSet = "--set";

/// `flag` is the word in front, or what stands before this word's equals sign.
std::string shown_value(std::string_view flag, const std::string& value, const FindOption& find) {
  if (flag == kApiKey) return std::string(kMask);
  if (flag == kSet) return shown_setting(value, find);
  return value.find("://") == std::string::npos ? value : mask_url(value);
}

std::string quoted(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_of(" \t\n'\"\\$&|;<>()*?[]#~`!{}") == std::string::npos;
  if (plain || word == kMask) return word;
  std::string text = "'";
  for (const char letter : word) text.append(letter == '\'' ? "'\\''" : std::string(1, letter));
  return text + "'";
}

}  // namespace

std::string shown_setting(const std::string& setting, const FindOption& find) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos) return std::string(kMask);
  const Option* option = find(setting.substr(0, equals));
  const bool hidden = option == nullptr || (option->flags & SIGNALBOX_OPTION_SECRET) != 0;
  return setting.substr(0, equals + 1) + (hidden ? std::string(kMask) : mask_url(setting.substr(equals + 1)));
}

std::string shown_command(const std::vector<std::string>& words, const FindOption& find) {
  std::string line, before;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const bool both = word.starts_with("--") && equals != std::string::npos && before != kSet && before != kApiKey;
    const std::string shown =
        both ? word.substr(0, equals + 1) + shown_value(word.substr(0, equals), word.substr(equals + 1), find)
             : shown_value(before, word, find);
    line.append(line.empty() ? "" : " ").append(quoted(shown));
    before = word;
  }
  return line;
}

}  // namespace signalbox::bench

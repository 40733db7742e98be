#include "bench/loadtest/report/html.hpp"

#include <cassert>
#include <initializer_list>
#include <utility>

namespace signalbox::bench {

namespace {

using Replacement = std::pair<std::string_view, std::string_view>;

std::string replaced(std::string_view text, std::initializer_list<Replacement> replacements) {
  std::string all;
  all.reserve(text.size());
  while (!text.empty()) {
    std::size_t taken = 0;
    for (const auto& [from, to] : replacements) {
      if (!text.starts_with(from)) continue;
      all += to;
      taken = from.size();
      break;
    }
    if (taken == 0) all += text[taken++];
    text.remove_prefix(taken);
  }
  return all;
}

}  // namespace

std::string html_text(std::string_view text) {
  return replaced(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string html_json(std::string_view json) {
  // All of these stand in strings only, where \u says the same. U+2028 and U+2029 end a line in scripts of before 2019.
  return replaced(json, {{"<", "\\u003c"}, {"\xE2\x80\xA8", "\\u2028"}, {"\xE2\x80\xA9", "\\u2029"}});
}

std::string fill_in(std::string_view page, const std::map<std::string_view, std::string>& values) {
  std::string all;
  for (;;) {
    const std::size_t begin = page.find("{{");
    const std::size_t end = begin == std::string_view::npos ? begin : page.find("}}", begin);
    all += page.substr(0, begin);
    if (end == std::string_view::npos) return all;
    const auto value = values.find(page.substr(begin + 2, end - begin - 2));
    assert(value != values.end());
    all += value->second;
    page.remove_prefix(end + 2);
  }
}

}  // namespace signalbox::bench

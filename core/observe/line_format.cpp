#include "core/observe/line_format.hpp"

#include <string>
#include <string_view>

#include <boost/json/serialize.hpp>
#include <spdlog/pattern_formatter.h>

#include "core/config/printable.hpp"

namespace signalbox {
namespace {

using spdlog::details::log_msg;

/// Levels in capitals and of one width, so that texts stand in a column.
std::string level_in_column(const log_msg& message) {
  switch (message.level) {
    case spdlog::level::debug: return "DEBUG";
    case spdlog::level::warn: return "WARN ";
    case spdlog::level::err: return "ERROR";
    default: return "INFO ";
  }
}

/// Levels in the words of logging.level.
std::string level_word(const log_msg& message) {
  switch (message.level) {
    case spdlog::level::debug: return "debug";
    case spdlog::level::warn: return "warning";
    case spdlog::level::err: return "error";
    default: return "info";
  }
}

std::string_view text_of(const log_msg& message) { return {message.payload.data(), message.payload.size()}; }

std::string printable_text(const log_msg& message) { return printable(text_of(message)); }

/// Each byte that is not part of UTF-8 as U+FFFD.
std::string as_utf8(std::string_view text) {
  std::string valid;
  for (std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos; bad = find_invalid_utf8(text)) {
    valid.append(text.substr(0, bad)).append("\xef\xbf\xbd");
    text.remove_prefix(bad + 1);
  }
  return valid.append(text);
}

/// As a JSON string. DEL and C1, which JSON leaves alone, are escaped too: a terminal may obey them.
std::string json_text(const log_msg& message) {
  const std::string literal = boost::json::serialize(boost::json::string_view(as_utf8(text_of(message))));
  std::string escaped;
  escaped.reserve(literal.size());
  for (std::size_t i = 0; i < literal.size(); ++i) {
    const auto byte = static_cast<unsigned char>(literal[i]);
    const bool is_c1 = byte == 0xc2 && static_cast<unsigned char>(literal[i + 1]) < 0xa0;
    if (byte != 0x7f && !is_c1) {
      escaped += literal[i];
      continue;
    }
    escaped += fmt::format("\\u{:04x}", is_c1 ? static_cast<unsigned char>(literal[++i]) : byte);
  }
  return escaped;
}

/// A flag of the pattern that stands for what a function makes of the message.
class Flag final : public spdlog::custom_flag_formatter {
 public:
  using Text = std::string (*)(const log_msg&);
  explicit Flag(Text text) : text_(text) {}
  void format(const log_msg& message, const std::tm&, spdlog::memory_buf_t& line) override {
    const std::string text = text_(message);
    line.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<Flag>(text_); }

 private:
  Text text_;
};

}  // namespace

std::unique_ptr<spdlog::formatter> make_line_formatter(LineFormat format) {
  if (format == LineFormat::json) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<Flag>('*', level_word).add_flag<Flag>('?', json_text);
    formatter->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%*","logger":"%n","message":%?})");
    return formatter;
  }
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Flag>('*', level_in_column).add_flag<Flag>('?', printable_text);
  formatter->set_pattern("%Y-%m-%d %H:%M:%S.%e %* %?");
  return formatter;
}

}  // namespace signalbox

#include "core/observe/line_format.hpp"

#include <random>
#include <string>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>

#include "core/config/printable.hpp"
#include "local_time.hpp"

namespace signalbox {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

std::string line(LineFormat format, std::string_view text, spdlog::level::level_enum level = spdlog::level::info,
                 std::chrono::system_clock::time_point time = local_time(2026, 11, 24, 22, 55, 15)) {
  spdlog::memory_buf_t out;
  make_line_formatter(format)->format({time, {}, "signalbox", level, {text.data(), text.size()}}, out);
  return {out.data(), out.size()};
}

/// The message of a JSON line, which has to be one object in one line.
std::string message_of(const std::string& text) {
  EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
  EXPECT_EQ(find_invalid_utf8(text), std::string::npos) << text;
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse({text.data(), text.size()}, error);
  if (error) {
    ADD_FAILURE() << error.message() << ": " << text;
    return {};
  }
  return std::string(value.at("message").as_string());
}

std::string message_of(LineFormat format, std::string_view text) { return message_of(line(format, text)); }

TEST(TextLines, BearLocalTimeLevelAndText) {
  const auto time = local_time(2026, 11, 24, 22, 55, 15) + 123ms;
  EXPECT_EQ(line(LineFormat::text, "hello", spdlog::level::info, time), "2026-11-24 22:55:15.123 INFO  hello\n");
  EXPECT_EQ(line(LineFormat::text, "hello", spdlog::level::debug, time), "2026-11-24 22:55:15.123 DEBUG hello\n");
  EXPECT_EQ(line(LineFormat::text, "hello", spdlog::level::warn, time), "2026-11-24 22:55:15.123 WARN  hello\n");
  EXPECT_EQ(line(LineFormat::text, "hello", spdlog::level::err, time), "2026-11-24 22:55:15.123 ERROR hello\n");
}

TEST(TextLines, CannotBeForged) {
  EXPECT_THAT(line(LineFormat::text, "x\n2026-11-24 00:00:00.000 ERROR \x1b[31mforged\xff"),
              testing::EndsWith("INFO  x\\n2026-11-24 00:00:00.000 ERROR \\x1b[31mforged\\xff\n"));
}

TEST(JsonLines, BearTimeInUtcLevelLoggerAndMessage) {
  // 2026-11-24 21:55:15 UTC.
  const auto time = std::chrono::system_clock::from_time_t(1'795'557'315) + 123'456us;
  EXPECT_EQ(line(LineFormat::json, "hello", spdlog::level::info, time),
            R"({"time":"2026-11-24T21:55:15.123456Z","level":"info","logger":"signalbox","message":"hello"})"
            "\n");
}

TEST(JsonLines, NameTheLevelsAsTheConfigurationDoes) {
  EXPECT_THAT(line(LineFormat::json, "x", spdlog::level::debug), HasSubstr(R"("level":"debug")"));
  EXPECT_THAT(line(LineFormat::json, "x", spdlog::level::warn), HasSubstr(R"("level":"warning")"));
  EXPECT_THAT(line(LineFormat::json, "x", spdlog::level::err), HasSubstr(R"("level":"error")"));
}

TEST(JsonLines, GiveTheTextBackAsItWas) {
  const std::string text(
      "quote \" backslash \\ line\nbreak tab\t NUL \0 DEL \x7f C1 \xc2\x9b \xc2\xa0 ünï \xf0\x9f\x9a\x82 {} %v", 70);
  EXPECT_EQ(message_of(LineFormat::json, text), text);
}

TEST(JsonLines, ReplaceWhatIsNotUtf8) {
  EXPECT_EQ(message_of(LineFormat::json,
                       "a\xff\xfe"
                       "b"),
            "a\xef\xbf\xbd\xef\xbf\xbd"
            "b");
  EXPECT_EQ(message_of(LineFormat::json, "cut \xf0\x9f\x9a"), "cut \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(message_of(LineFormat::json, "surrogate \xed\xa0\x80"), "surrogate \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(message_of(LineFormat::json, "\xc2"), "\xef\xbf\xbd");
}

TEST(JsonLines, HoldNothingThatATerminalObeys) {
  const std::string text = line(LineFormat::json,
                                "\x1b[31m \x7f \xc2\x9b"
                                "31m \xc2\x85");
  EXPECT_FALSE(holds_control_character(text.substr(0, text.size() - 1))) << text;
  EXPECT_THAT(text, HasSubstr(R"(\u001b[31m \u007f \u009b31m \u0085)"));
}

TEST(JsonLines, AreValidWhateverTheBytes) {
  std::mt19937 random(20261124);
  std::uniform_int_distribution<int> byte(0, 255);
  std::uniform_int_distribution<std::size_t> size(0, 64);
  for (int i = 0; i < 5'000; ++i) {
    std::string text(size(random), '\0');
    for (char& character : text) character = static_cast<char>(byte(random));
    const std::string message = message_of(LineFormat::json, text);
    if (find_invalid_utf8(text) == std::string::npos) {
      EXPECT_EQ(message, text);
    }
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace signalbox

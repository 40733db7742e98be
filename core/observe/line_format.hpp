// How a line of the log looks.
#pragma once

#include <cstdint>
#include <memory>

namespace spdlog {
class formatter;
}

namespace signalbox {

enum class LineFormat : std::uint8_t {
  text,  ///< `2026-11-24 22:55:15.123 INFO  text`, local time; control characters and bad UTF-8 are escaped
  json,  ///< `{"time":"2026-11-24T21:55:15.123456Z","level":"info","logger":"signalbox","message":"text"}`, valid for any text
};

[[nodiscard]] std::unique_ptr<spdlog::formatter> make_line_formatter(LineFormat format);

}  // namespace signalbox

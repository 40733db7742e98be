// How a line of the log looks: `2026-11-24 22:55:15.123 INFO  text`, local time.
#pragma once

#include <memory>

namespace spdlog {
class formatter;
}

namespace signalbox {

[[nodiscard]] std::unique_ptr<spdlog::formatter> make_line_formatter();

}  // namespace signalbox

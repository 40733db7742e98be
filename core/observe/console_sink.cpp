#include "core/observe/console_sink.hpp"

#include <utility>

#include <spdlog/pattern_formatter.h>

namespace signalbox {

ConsoleSink::ConsoleSink(int fd, LineFormat format) : formatter_(make_line_formatter(format)), writer_(fd) {}

void ConsoleSink::log(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  if (!writer_.write({line.data(), line.size()})) lost_.fetch_add(1, std::memory_order_relaxed);
}

void ConsoleSink::set_pattern(const std::string& pattern) { formatter_ = std::make_unique<spdlog::pattern_formatter>(pattern); }

void ConsoleSink::set_formatter(std::unique_ptr<spdlog::formatter> formatter) { formatter_ = std::move(formatter); }

}  // namespace signalbox

// The log: console and a daily file, written by a thread of its own so that delivery never waits for a disk.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "signalbox/broker.hpp"

#include "core/config/config.hpp"

namespace signalbox {

/// Writes lines. Control bytes in a line are escaped, so that no client can forge one.
///
/// Threading: any thread; never blocks. Where the queue is full the line is dropped and counted.
class Log {
 public:
  /// Errors: StartError if the file or its directory can't be opened.
  explicit Log(const Config::Logging& config);
  ~Log();  ///< flushes
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  [[nodiscard]] bool enabled(LogLevel level) const noexcept;
  void set_level(LogLevel level) noexcept;
  void write(LogLevel level, std::string_view text) noexcept;
  /// Lines lost because the queue was full.
  [[nodiscard]] std::uint64_t dropped() const noexcept;

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) noexcept {
    format_line(LogLevel::debug, format, args...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) noexcept {
    format_line(LogLevel::info, format, args...);
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) noexcept {
    format_line(LogLevel::warning, format, args...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) noexcept {
    format_line(LogLevel::error, format, args...);
  }

 private:
  template <class... Args>
  void format_line(LogLevel level, fmt::format_string<Args...> format, Args&... args) noexcept {
    if (!enabled(level)) return;
    try {
      write(level, fmt::format(format, args...));
    } catch (...) {  // out of memory: the line is not worth the process
    }
  }

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace signalbox

// The log: console and a daily file, written by a thread of its own so that delivery never waits for a disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "signalbox/broker.hpp"

#include "core/config/config.hpp"

namespace spdlog::sinks {
class sink;
}

namespace signalbox {

/// A word of logging.level.
[[nodiscard]] LogLevel parse_level(std::string_view word) noexcept;

/// Lines of which clients, plugins or one fault can cause any number.
enum class LineKind : std::uint8_t {
  slow_client,  ///< a client does not read
  loud_client,  ///< a client says too much
  queue_total,  ///< limits.queue_total_bytes is reached
  failed_handler,
  gap,  ///< messages may have been missed
  broker_state,
  plugin_info,  ///< what plugins say, a kind for each level: chatter must not hide errors
  plugin_warning,
  plugin_error,
};
inline constexpr std::size_t kLineKinds = static_cast<std::size_t>(LineKind::plugin_error) + 1;  // the last of them

/// Writes lines. The format escapes control bytes (line_format.hpp), so that no client can forge one.
///
/// Threading: any thread; never blocks. The queue holds kQueueLines; where it is full the oldest line is dropped and counted.
class Log {
 public:
  static constexpr std::size_t kQueueLines = 4096;
  /// Longer lines are cut, so that the queue is bounded in bytes as well.
  static constexpr std::size_t kLongestLine = 4096;

  /// Errors: StartError if the file or its directory can't be opened.
  explicit Log(const Config::Logging& config);
  /// Writes to these instead. A sink is called by the log's thread only.
  Log(LogLevel level, std::vector<std::shared_ptr<spdlog::sinks::sink>> sinks);
  ~Log();  ///< writes first what is queued, and what was left out
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  [[nodiscard]] bool enabled(LogLevel level) const noexcept;
  void set_level(LogLevel level) noexcept;
  void write(LogLevel level, std::string_view text) noexcept;
  /// A line of a kind: beyond LineLimit::kLinesPerSecond it is left out, and one line says how many they were.
  template <class... Args>
  void limited(LineKind kind, LogLevel level, fmt::format_string<Args...> format, Args&&... args) noexcept {
    if (enabled(level)) write_limited(kind, level, format, fmt::make_format_args(args...));
  }
  /// Says how many lines were left out in seconds that are over; limited() says it too. To be called every now and then.
  void tell_left_out() noexcept;
  /// Lines lost because the queue was full, or because the console or the disk did not take them (once for each of the two).
  [[nodiscard]] std::uint64_t dropped() const noexcept;

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) noexcept {
    if (enabled(LogLevel::debug)) write_formatted(LogLevel::debug, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) noexcept {
    if (enabled(LogLevel::info)) write_formatted(LogLevel::info, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) noexcept {
    if (enabled(LogLevel::warning)) write_formatted(LogLevel::warning, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) noexcept {
    if (enabled(LogLevel::error)) write_formatted(LogLevel::error, format, fmt::make_format_args(args...));
  }

 private:
  void write_formatted(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept;

  void write_limited(LineKind kind, LogLevel level, fmt::string_view format, fmt::format_args args) noexcept;
  void tell_left_out(std::size_t kind, std::uint64_t lines) noexcept;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace signalbox

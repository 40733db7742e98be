// The daily log file.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <spdlog/sinks/sink.h>

#include "core/observe/descriptor_writer.hpp"
#include "core/observe/line_format.hpp"

namespace signalbox {

/// A calendar day of local time, as YYYY-MM-DD.
using Day = std::string;

/// Appends to a file that always has exactly its configured name. The first line after `rotate_at` renames it to
/// NAME-YYYY-MM-DD.EXT, with the day on which it was begun, or NAME-YYYY-MM-DD-1.EXT and so on where that exists; so does
/// opening a file that an earlier day has left. Only the newest `keep` of those stay. What is not a regular file (a pipe,
/// /dev/null) is never renamed.
///
/// Threading: one thread, but for lost(). Errors: a disk that is full or gone costs lines, which are counted, and is tried
/// again with each line.
class DailyFileSink final : public spdlog::sinks::sink {
 public:
  struct Settings {
    std::filesystem::path file;
    std::chrono::minutes rotate_at{0};  ///< after midnight, local time
    unsigned keep = 5;
    LineFormat format = LineFormat::text;
  };
  using Clock = std::function<std::chrono::system_clock::time_point()>;

  /// Makes the directory. Errors: StartError if that or the file can't be opened.
  explicit DailyFileSink(Settings settings, Clock clock = std::chrono::system_clock::now);
  ~DailyFileSink() override;
  DailyFileSink(const DailyFileSink&) = delete;
  DailyFileSink& operator=(const DailyFileSink&) = delete;

  void log(const spdlog::details::log_msg& message) override;
  void flush() override {}  // every line goes to the system at once
  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

  /// Lines that the file did not take. Threading: any.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

 private:
  bool open() noexcept;
  void close() noexcept;
  void rotate_if_due();
  void archive(const Day& day);
  void remove_oldest();
  [[nodiscard]] bool is_still_ours() const noexcept;

  Settings settings_;
  Clock clock_;
  std::unique_ptr<spdlog::formatter> formatter_;
  int fd_ = -1;
  bool is_regular_ = false;
  DescriptorWriter writer_{-1};
  Day day_;  ///< that the live file covers
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace signalbox

// The log on stderr.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <spdlog/sinks/sink.h>

#include "core/observe/descriptor_writer.hpp"
#include "core/observe/line_format.hpp"

namespace signalbox {

/// Threading: one thread, but for lost(). Errors: a console that takes nothing costs lines, which are counted.
class ConsoleSink final : public spdlog::sinks::sink {
 public:
  /// `fd` stays the caller's.
  explicit ConsoleSink(int fd, LineFormat format = LineFormat::text);

  void log(const spdlog::details::log_msg& message) override;
  void flush() override {}
  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

  /// Threading: any.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

 private:
  std::unique_ptr<spdlog::formatter> formatter_;
  DescriptorWriter writer_;
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace signalbox

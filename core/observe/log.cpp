#include "core/observe/log.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <utility>

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <unistd.h>

#include "core/observe/console_sink.hpp"
#include "core/observe/daily_file_sink.hpp"
#include "core/observe/line_limit.hpp"

namespace signalbox {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// HH:MM.
std::chrono::minutes parse_time_of_day(const std::string& text) {
  return std::chrono::hours(std::stoi(text.substr(0, 2))) + std::chrono::minutes(std::stoi(text.substr(3)));
}

/// The log's thread handles no signal of the process, and a console that went away must not end it by SIGPIPE.
void block_signals() noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

/// Not in the middle of a character.
std::string_view cut(std::string_view text) noexcept {
  if (text.size() <= Log::kLongestLine) return text;
  std::size_t end = Log::kLongestLine;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

/// What the lines of each kind are called where some are left out, and at which level that is said.
struct KindName {
  LogLevel level;
  const char* name;
};
KindName name_of(LineKind kind) noexcept {
  switch (kind) {
    case LineKind::slow_client: return {LogLevel::info, "a client does not read"};
    case LineKind::loud_client: return {LogLevel::info, "a client says too much"};
    case LineKind::queue_total: return {LogLevel::warning, "limits.queue_total_bytes reached"};
    case LineKind::failed_handler: return {LogLevel::error, "a handler failed"};
    case LineKind::gap: return {LogLevel::warning, "messages may have been missed"};
    case LineKind::broker_state: return {LogLevel::warning, "the broker's state"};
    case LineKind::plugin_info: return {LogLevel::info, "the broker plugin's info lines"};
    case LineKind::plugin_warning: return {LogLevel::warning, "the broker plugin's warnings"};
    case LineKind::plugin_error: return {LogLevel::error, "the broker plugin's errors"};
  }
  return {LogLevel::error, "?"};
}

}  // namespace

LogLevel parse_level(std::string_view word) noexcept {
  if (word == "debug") return LogLevel::debug;
  if (word == "warning") return LogLevel::warning;
  return word == "error" ? LogLevel::error : LogLevel::info;
}

struct Log::Impl {
  Impl(LogLevel initial, std::vector<spdlog::sink_ptr> sinks)
      : level(initial),
        pool(std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1, block_signals)),
        logger(std::make_shared<spdlog::async_logger>("signalbox", sinks.begin(), sinks.end(), pool,
                                                      spdlog::async_overflow_policy::overrun_oldest)) {
    logger->set_level(spdlog::level::trace);  // `level` decides, before a line is made
    // Else spdlog would write to stderr, which may block.
    logger->set_error_handler([this](const std::string&) { failed.fetch_add(1, std::memory_order_relaxed); });
  }
  // The pool's last act is to write what is queued; the queue holds the logger until then.
  ~Impl() { pool.reset(); }

  std::atomic<LogLevel> level;
  std::atomic<std::uint64_t> failed{0};
  std::array<LineLimit, kLineKinds> limits;
  std::shared_ptr<ConsoleSink> console;
  std::shared_ptr<DailyFileSink> file;
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

Log::Log(const Config::Logging& config) {
  std::shared_ptr<ConsoleSink> console;
  std::shared_ptr<DailyFileSink> file;
  const LineFormat format = config.format == "json" ? LineFormat::json : LineFormat::text;
  if (config.console) console = std::make_shared<ConsoleSink>(STDERR_FILENO, format);
  if (!config.file.empty()) {
    file = std::make_shared<DailyFileSink>(
        DailyFileSink::Settings{config.file, parse_time_of_day(config.rotate_at), config.keep, format});
  }
  std::vector<spdlog::sink_ptr> sinks;
  if (console) sinks.push_back(console);
  if (file) sinks.push_back(file);
  impl_ = std::make_unique<Impl>(parse_level(config.level), std::move(sinks));
  impl_->console = std::move(console);
  impl_->file = std::move(file);
}

Log::Log(LogLevel level, std::vector<std::shared_ptr<spdlog::sinks::sink>> sinks)
    : impl_(std::make_unique<Impl>(level, std::move(sinks))) {}

Log::~Log() {
  for (std::size_t kind = 0; kind < kLineKinds; ++kind) {
    tell_left_out(kind, impl_->limits[kind].take_left_out(LineLimit::Clock::time_point::max()));
  }
}

bool Log::enabled(LogLevel level) const noexcept { return level >= impl_->level.load(std::memory_order_relaxed); }

void Log::set_level(LogLevel level) noexcept { impl_->level.store(level, std::memory_order_relaxed); }

void Log::write(LogLevel level, std::string_view text) noexcept {
  if (!enabled(level)) return;
  try {
    std::string line(cut(text));
    if (text.size() > kLongestLine) line += "…";
    impl_->logger->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {  // out of memory
    impl_->failed.fetch_add(1, std::memory_order_relaxed);
  }
}

void Log::write_formatted(LogLevel level, fmt::string_view format, fmt::format_args args) noexcept {
  try {
    write(level, fmt::vformat(format, args));
  } catch (...) {  // out of memory: the line is not worth the process
    impl_->failed.fetch_add(1, std::memory_order_relaxed);
  }
}

void Log::write_limited(LineKind kind, LogLevel level, fmt::string_view format, fmt::format_args args) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  const LineLimit::Answer answer = impl_->limits[index].ask(LineLimit::Clock::now());
  tell_left_out(index, answer.left_out);
  if (answer.write) write_formatted(level, format, args);
}

void Log::tell_left_out() noexcept {
  const LineLimit::Clock::time_point now = LineLimit::Clock::now();
  for (std::size_t kind = 0; kind < kLineKinds; ++kind) tell_left_out(kind, impl_->limits[kind].take_left_out(now));
}

void Log::tell_left_out(std::size_t kind, std::uint64_t lines) noexcept {
  if (lines == 0) return;
  try {
    const auto [level, name] = name_of(static_cast<LineKind>(kind));
    write(level, fmt::format("{} more like it: {}", lines, name));
  } catch (...) {  // out of memory
    impl_->failed.fetch_add(1, std::memory_order_relaxed);
  }
}

std::uint64_t Log::dropped() const noexcept {
  std::uint64_t count = impl_->failed.load(std::memory_order_relaxed) + impl_->pool->overrun_counter();
  if (impl_->console) count += impl_->console->lost();
  if (impl_->file) count += impl_->file->lost();
  return count;
}

}  // namespace signalbox

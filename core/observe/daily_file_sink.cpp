#include "core/observe/daily_file_sink.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fault.hpp"
#include "core/observe/archives.hpp"

namespace signalbox {
namespace {

constexpr mode_t kFileMode = 0640;  // a log names users: not for everybody

std::chrono::system_clock::time_point last_written(const struct stat& status) {
  return std::chrono::system_clock::from_time_t(status.st_mtime);
}

}  // namespace

DailyFileSink::DailyFileSink(Settings settings, Clock clock)
    : settings_(std::move(settings)), clock_(std::move(clock)), formatter_(make_line_formatter(settings_.format)) {
  const auto refuse = [&](const std::string& what, const std::string& reason) {
    throw StartError("logging.file: can't open " + what + ": " + reason);
  };
  std::error_code error;
  if (settings_.file.has_parent_path()) std::filesystem::create_directories(settings_.file.parent_path(), error);
  if (error) refuse("the directory " + settings_.file.parent_path().string(), error.message());
  day_ = day_of(clock_(), settings_.rotate_at);
  struct stat status{};
  if (::stat(settings_.file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    const Day left_by = day_of(last_written(status), settings_.rotate_at);
    if (left_by < day_) archive(left_by);
  }
  if (!open()) refuse(settings_.file.string(), std::generic_category().message(errno));
}

DailyFileSink::~DailyFileSink() { close(); }

void DailyFileSink::log(const spdlog::details::log_msg& message) {
  rotate_if_due();
  if (fd_ < 0) open();
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  if (!writer_.write({line.data(), line.size()})) lost_.fetch_add(1, std::memory_order_relaxed);
}

void DailyFileSink::set_pattern(const std::string& pattern) {
  formatter_ = std::make_unique<spdlog::pattern_formatter>(pattern);
}

void DailyFileSink::set_formatter(std::unique_ptr<spdlog::formatter> formatter) { formatter_ = std::move(formatter); }

bool DailyFileSink::open() noexcept {
  // O_NONBLOCK: a pipe that nobody reads must not hold the start up.
  fd_ = ::open(settings_.file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, kFileMode);
  writer_ = DescriptorWriter(fd_);
  struct stat status{};
  is_regular_ = fd_ >= 0 && ::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
  return fd_ >= 0;
}

void DailyFileSink::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void DailyFileSink::rotate_if_due() {
  const Day today = day_of(clock_(), settings_.rotate_at);
  if (today <= day_) return;  // also when the clock was set back
  const Day covered = std::exchange(day_, today);
  if (fd_ >= 0 && !is_regular_) return;
  // Another instance with the same file may have been first.
  if (is_still_ours()) archive(covered);
  close();
}

bool DailyFileSink::is_still_ours() const noexcept {
  struct stat open_file{};
  struct stat named{};
  return ::fstat(fd_, &open_file) == 0 && ::stat(settings_.file.c_str(), &named) == 0 && open_file.st_dev == named.st_dev &&
         open_file.st_ino == named.st_ino;
}

void DailyFileSink::archive(const Day& day) {
  constexpr unsigned kMostOfADay = 1000;
  for (unsigned number = 0; number < kMostOfADay; ++number) {
    const std::filesystem::path target = archive_path(settings_.file, day, number);
    if (::renameat2(AT_FDCWD, settings_.file.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) break;
    if (errno != EEXIST) break;  // the lines go on into the same file
  }
  remove_oldest();
}

void DailyFileSink::remove_oldest() {
  std::vector<std::filesystem::path> archives = find_archives(settings_.file);
  std::error_code ignored;
  for (std::size_t i = 0; i + settings_.keep < archives.size(); ++i) std::filesystem::remove(archives[i], ignored);
}

}  // namespace signalbox

#include "core/observe/archives.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace signalbox {
namespace {

constexpr std::string_view kDayShape = "dddd-dd-dd";

struct Stamp {
  std::string day;
  unsigned number;
  auto operator<=>(const Stamp&) const = default;
};

/// "2026-11-24" or "2026-11-24-2".
std::optional<Stamp> parse_stamp(std::string_view text) {
  if (text.size() < kDayShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kDayShape.size(); ++i) {
    const bool fits = kDayShape[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == '-';
    if (!fits) return std::nullopt;
  }
  Stamp stamp{std::string(text.substr(0, kDayShape.size())), 0};
  text.remove_prefix(kDayShape.size());
  if (text.empty()) return stamp;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), stamp.number);
  const bool is_number = text.front() == '-' && error == std::errc() && end == text.data() + text.size();
  return is_number ? std::optional(stamp) : std::nullopt;
}

std::filesystem::path directory_of(const std::filesystem::path& live) {
  return live.has_parent_path() ? live.parent_path() : std::filesystem::path(".");
}

}  // namespace

std::string day_of(std::chrono::system_clock::time_point time, std::chrono::minutes rotate_at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  localtime_r(&seconds, &local);
  if (std::chrono::hours(local.tm_hour) + std::chrono::minutes(local.tm_min) < rotate_at) {
    // Noon of the day before: no change of summer time reaches another day from there.
    local.tm_mday -= 1;
    local.tm_hour = 12;
    local.tm_isdst = -1;
    std::mktime(&local);
  }
  return fmt::format("{:04}-{:02}-{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
}

std::filesystem::path archive_path(const std::filesystem::path& live, const std::string& day, unsigned number) {
  const std::string suffix = number == 0 ? "" : "-" + std::to_string(number);
  return live.parent_path() / (live.stem().string() + "-" + day + suffix + live.extension().string());
}

std::vector<std::filesystem::path> find_archives(const std::filesystem::path& live) {
  const std::string start = live.stem().string() + "-";
  const std::string end = live.extension().string();
  std::vector<std::pair<Stamp, std::filesystem::path>> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory_of(live), error), last; !error && entry != last;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() < start.size() + end.size() || !name.starts_with(start) || !name.ends_with(end)) continue;
    const auto stamp = parse_stamp(std::string_view(name).substr(start.size(), name.size() - start.size() - end.size()));
    if (stamp) found.emplace_back(*stamp, entry->path());
  }
  std::sort(found.begin(), found.end());
  std::vector<std::filesystem::path> paths;
  for (auto& [stamp, path] : found) paths.push_back(std::move(path));
  return paths;
}

}  // namespace signalbox

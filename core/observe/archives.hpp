// The names of rotated log files.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace signalbox {

/// The local calendar day, YYYY-MM-DD, on which a log period began that holds `time`; periods begin at `rotate_at`.
[[nodiscard]] std::string day_of(std::chrono::system_clock::time_point time, std::chrono::minutes rotate_at);

/// logs/signalbox.log → logs/signalbox-2026-11-24.log; with number 2: logs/signalbox-2026-11-24-2.log.
[[nodiscard]] std::filesystem::path archive_path(const std::filesystem::path& live, const std::string& day, unsigned number);

/// The archives of a live file that exist, oldest first. An unreadable directory has none.
[[nodiscard]] std::vector<std::filesystem::path> find_archives(const std::filesystem::path& live);

}  // namespace signalbox

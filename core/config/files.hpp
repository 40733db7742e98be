// Reading a small file whole.
#pragma once

#include <string>

namespace signalbox {

/// Errors: std::system_error with the system's reason, also for a directory, and for more than `limit` bytes.
[[nodiscard]] std::string read_file(const std::string& path, std::size_t limit);

}  // namespace signalbox

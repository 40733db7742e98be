#include "core/config/files.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace signalbox {

std::string read_file(const std::string& path, std::size_t limit) {
  const auto fail = [](int error) { throw std::system_error(error, std::generic_category()); };
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
  if (!file) fail(errno);
  std::string text;
  char buffer[4096];
  for (;;) {
    const std::size_t size = std::fread(buffer, 1, sizeof buffer, file.get());
    text.append(buffer, size);
    if (text.size() > limit) fail(EFBIG);
    if (size == sizeof buffer) continue;
    if (std::ferror(file.get()) != 0) fail(errno);
    return text;
  }
}

}  // namespace signalbox

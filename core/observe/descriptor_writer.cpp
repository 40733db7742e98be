#include "core/observe/descriptor_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>

#include <poll.h>
#include <unistd.h>

namespace signalbox {
namespace {

constexpr std::chrono::milliseconds kPatience{500};

}  // namespace

bool DescriptorWriter::write(std::string_view line) noexcept {
  if (fd_ < 0) return false;
  if (torn_) {
    if (!write_all("\n")) return false;
    torn_ = false;
  }
  return write_all(line);
}

bool DescriptorWriter::write_all(std::string_view bytes) noexcept {
  const std::size_t size = bytes.size();
  while (!bytes.empty()) {
    // A blocking pipe that polls writable takes PIPE_BUF bytes at once without blocking (pipe(7)).
    if (!wait_until_writable()) break;
    const ssize_t written = ::write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (!bytes.empty() && bytes.size() < size) torn_ = true;
  return bytes.empty();
}

bool DescriptorWriter::wait_until_writable() noexcept {
  pollfd descriptor{fd_, POLLOUT, 0};
  const int ready = ::poll(&descriptor, 1, stalled_ ? 0 : static_cast<int>(kPatience.count()));
  stalled_ = ready == 0;
  return ready > 0 && (descriptor.revents & POLLOUT) != 0;
}

}  // namespace signalbox

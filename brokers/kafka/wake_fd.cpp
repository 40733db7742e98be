#include "brokers/kafka/wake_fd.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace signalbox::kafka {

WakeFd::WakeFd() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

WakeFd::~WakeFd() { close(fd_); }

void WakeFd::wake() const noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(!write(fd_, &one, sizeof one));
}

void WakeFd::wait(Duration longest) const noexcept {
  pollfd woken{fd_, POLLIN, 0};
  std::uint64_t count = 0;
  if (poll(&woken, 1, static_cast<int>(longest.count())) == 1) static_cast<void>(!read(fd_, &count, sizeof count));
}

}  // namespace signalbox::kafka

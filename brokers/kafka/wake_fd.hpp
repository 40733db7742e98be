// A descriptor that wakes the broker's thread.
#pragma once

#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

class WakeFd {
 public:
  WakeFd();
  ~WakeFd();
  WakeFd(const WakeFd&) = delete;
  WakeFd& operator=(const WakeFd&) = delete;
  /// An eventfd, for librdkafka to write to.
  [[nodiscard]] int get() const noexcept { return fd_; }
  /// Threading: any thread.
  void wake() const noexcept;
  /// Until woken, or for that long.
  void wait(Duration longest) const noexcept;

 private:
  int fd_;
};

}  // namespace signalbox::kafka

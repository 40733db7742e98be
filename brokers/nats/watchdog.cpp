#include "brokers/nats/watchdog.hpp"

#include <pthread.h>
#include <sys/socket.h>

namespace signalbox::nats {

Watchdog::Watchdog(int socket) : socket_(socket), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

void Watchdog::run() {
  pthread_setname_np(pthread_self(), "nats-watchdog");
  std::uint64_t seen = 0;
  int looks = 0;
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, kLook, [this] { return stopping_; })) {
    const std::uint64_t call = calls_.load(std::memory_order_relaxed);
    looks = call % 2 != 0 && call == seen ? looks + 1 : 0;
    seen = call;
    if (looks >= kLooks) shutdown(socket_, SHUT_RDWR);
  }
}

}  // namespace signalbox::nats

#include "server/commands/last_resort.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <boost/asio/post.hpp>

#include "server/commands/commands.hpp"

namespace signalbox::commands {
namespace {

constexpr std::chrono::milliseconds kStep{100};

/// Not through the log, whose thread does not get to write it any more.
[[noreturn]] void end(const std::string& why) {
  std::fprintf(stderr, "signalbox: %s: ended at once\n", why.c_str());
  std::_Exit(kFailed);
}

}  // namespace

LastResort::LastResort(std::chrono::milliseconds drain_timeout, std::string plugin)
    : patience_(drain_timeout + kMargin),
      plugin_(std::move(plugin)),
      left_(patience_ + kUntilDrain),
      signals_(io_, SIGTERM, SIGINT),
      timer_(io_) {
  await_first();
  thread_ = std::thread([this] { io_.run(); });
}

LastResort::~LastResort() {
  io_.stop();
  thread_.join();
}

void LastResort::await_first() {
  signals_.async_wait([this](const boost::system::error_code& ec, int) {
    if (ec) return;
    count_down();
    await_second();
  });
}

void LastResort::drain_begins() {
  boost::asio::post(io_, [this] { left_ = patience_; });
}

/// In steps, so that a process that was stopped for a while (SIGSTOP) has not lost that time, and can end in order.
void LastResort::count_down() {
  timer_.expires_after(kStep);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (ec) return;
    left_ -= kStep;
    if (left_ <= std::chrono::milliseconds::zero()) {
      end("still running " + std::to_string(kMargin.count()) +
          " s after server.drain_timeout: a thread hangs, perhaps in broker plugin " + plugin_);
    }
    count_down();
  });
}

void LastResort::await_second() {
  signals_.async_wait([](const boost::system::error_code& ec, int) {
    if (!ec) end("second signal");
  });
}

}  // namespace signalbox::commands

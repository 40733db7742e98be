#include "server/commands/last_resort.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "server/commands/commands.hpp"

namespace signalbox::commands {
namespace {

/// Not through the log, whose thread does not get to write it any more.
[[noreturn]] void end(const std::string& why) {
  std::fprintf(stderr, "signalbox: %s: ended at once\n", why.c_str());
  std::_Exit(kFailed);
}

}  // namespace

LastResort::LastResort(std::chrono::milliseconds drain_timeout, std::string plugin)
    : patience_(drain_timeout + kMargin), plugin_(std::move(plugin)), signals_(io_, SIGTERM, SIGINT), timer_(io_) {
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
    timer_.expires_after(patience_);
    timer_.async_wait([this](const boost::system::error_code& failed) {
      if (failed) return;
      end("still running " + std::to_string(kMargin.count()) +
          " s after server.drain_timeout: a thread hangs, perhaps in broker plugin " + plugin_);
    });
    await_second();
  });
}

void LastResort::await_second() {
  signals_.async_wait([](const boost::system::error_code& ec, int) {
    if (!ec) end("second signal");
  });
}

}  // namespace signalbox::commands

#include "brokers/common/loop.hpp"

#include <exception>

#include <boost/asio/executor_work_guard.hpp>
#include <pthread.h>

#include "brokers/common/turn.hpp"

namespace signalbox::brokers {

void Loop::start() {
  post([this] { tick(); });
  thread_ = std::thread([this] { run(); });
}

/// What throws here is memory that ran out: the loop goes on with what is left of the work.
void Loop::run() {
  pthread_setname_np(pthread_self(), name_);
  const auto guard = boost::asio::make_work_guard(io_);
  for (;;) {
    try {
      return events_.run(io_);
    } catch (const std::exception& e) {
      host_.log(LogLevel::error, e.what());
    }
  }
}

void Loop::request_turn() {
  if (std::exchange(resting_, false)) tick_after(kTick);
  if (std::exchange(turn_requested_, true)) return;
  post([this] {
    turn_requested_ = false;
    events_.on_turn(Clock::now());
  });
}

void Loop::tick() {
  resting_ = false;
  events_.on_tick(Clock::now());
  request_turn();
  resting_ = events_.at_rest();
  tick_after(resting_ ? kRestTick : kTick);
}

void Loop::tick_after(Duration pause) {
  timer_.expires_after(pause);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void Loop::end() {
  timer_.cancel();
  io_.stop();
}

}  // namespace signalbox::brokers

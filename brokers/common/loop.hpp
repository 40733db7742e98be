// The thread of a broker whose sockets are Asio's: it turns when something has happened, and with a tick.
#pragma once

#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "signalbox/broker.hpp"

#include "brokers/common/time.hpp"

namespace signalbox::brokers {

/// Threading: the loop's.
class LoopEvents {
 public:
  virtual ~LoopEvents() = default;
  /// A turn was requested, or a tick has passed.
  virtual void on_turn(Time now) = 0;
  /// Ahead of the turn of each tick.
  virtual void on_tick(Time) {}
  /// Nothing is under way whose deadline is nearer than a rest tick.
  [[nodiscard]] virtual bool at_rest() const noexcept = 0;
  /// Runs the handlers until there are none.
  virtual void run(boost::asio::io_context& io) { io.run(); }
};

class Loop {
 public:
  /// name: the thread's. host, events: outlive it.
  Loop(const char* name, Host& host, LoopEvents& events) : name_(name), host_(host), events_(events) {}

  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }

  /// Errors: std::system_error.
  void start();
  [[nodiscard]] bool running() const noexcept { return thread_.joinable(); }
  /// Waits for end().
  void join() { thread_.join(); }

  /// Runs `work` on the loop's thread. Threading: any thread.
  template <class Work>
  void post(Work work) {
    boost::asio::post(io_, std::move(work));
  }
  /// Requests a turn. Threading: any thread.
  void wake() {
    post([this] { request_turn(); });
  }
  /// Everything that is ready now gets its say first: then all of it leaves in one write. Threading: the loop's.
  void request_turn();
  /// No handler runs behind the present one. Threading: the loop's.
  void end();

 private:
  void run();
  void tick();
  void tick_after(Duration pause);

  const char* name_;
  Host& host_;
  LoopEvents& events_;
  boost::asio::io_context io_{1};
  boost::asio::steady_timer timer_{io_};
  bool turn_requested_ = false;
  bool resting_ = false;  // the next tick is far
  std::thread thread_;
};

}  // namespace signalbox::brokers

// Ends the process when it can't end itself.
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace signalbox::commands {

/// Watches SIGTERM and SIGINT on a thread of its own, which calls nothing that could hang in a plugin: at the second signal, or
/// kMargin after `drain_timeout` from the drain's beginning, the process ends at once with exit code 1 and a line on standard
/// error. So it does where the drain has not begun within kUntilDrain of the first signal, as much later.
class LastResort {
 public:
  static constexpr std::chrono::seconds kMargin{3};
  /// The main thread comes to a signal after a start, which waits 5 s for its plugin, or after a reload.
  static constexpr std::chrono::seconds kUntilDrain{10};

  /// `plugin`: the broker's, to be named as what may hang.
  LastResort(std::chrono::milliseconds drain_timeout, std::string plugin);
  LastResort(const LastResort&) = delete;
  LastResort& operator=(const LastResort&) = delete;
  ~LastResort();

  /// To be called at the first signal. Threading: any thread.
  void drain_begins();

 private:
  void await_first();
  void await_second();
  void count_down();

  const std::chrono::milliseconds patience_;  ///< from the drain's beginning
  const std::string plugin_;
  std::chrono::milliseconds left_;
  boost::asio::io_context io_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  std::thread thread_;
};

}  // namespace signalbox::commands

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
/// kMargin after `drain_timeout` from the first, the process ends at once with exit code 1 and a line on standard error.
class LastResort {
 public:
  static constexpr std::chrono::seconds kMargin{3};

  /// `plugin`: the broker's, to be named as what may hang.
  LastResort(std::chrono::milliseconds drain_timeout, std::string plugin);
  LastResort(const LastResort&) = delete;
  LastResort& operator=(const LastResort&) = delete;
  ~LastResort();

 private:
  void await_first();
  void await_second();

  const std::chrono::milliseconds patience_;
  const std::string plugin_;
  boost::asio::io_context io_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  std::thread thread_;
};

}  // namespace signalbox::commands

// Connects a socket to the first of several addresses that answers.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "brokers/redis/time.hpp"

namespace signalbox::redis {

using Addresses = std::vector<boost::asio::ip::tcp::endpoint>;

/// Where to begin with the addresses of a host.
struct Preference {
  std::string address;  ///< empty, or none of the host's any more: with the first
  bool next = false;    ///< with the one after it
};

/// From the preferred one on, and then those before it.
Addresses in_order(Addresses addresses, const Preference& preference);

/// One after the other, each with a time of its own: an address that swallows everything must not hide the next.
///
/// Threading: the thread of the socket's io_context.
class Connector : public std::enable_shared_from_this<Connector> {
 public:
  /// error: of the last address. address: the one that has answered.
  using Done = std::function<void(const boost::system::error_code& error, const boost::asio::ip::tcp::endpoint& address)>;

  /// socket: outlives the attempt. done: called once, never inside start(); not after cancel().
  static std::shared_ptr<Connector> start(boost::asio::ip::tcp::socket& socket, Addresses addresses, Duration each, Done done);
  /// The socket is not touched after this.
  void cancel();

  Connector(boost::asio::ip::tcp::socket& socket, Addresses addresses, Duration each, Done done);

 private:
  void try_next();
  void tried(std::size_t number, const boost::system::error_code& result);

  boost::asio::ip::tcp::socket& socket_;
  boost::asio::steady_timer timer_;
  Addresses addresses_;
  Duration each_;
  Done done_;  // empty: over
  std::size_t current_ = 0;
  bool timed_out_ = false;
};

}  // namespace signalbox::redis

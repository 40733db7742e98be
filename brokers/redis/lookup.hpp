// A host's addresses, looked up without holding anybody up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/io_context.hpp>

#include "brokers/redis/connector.hpp"

namespace signalbox::redis {

/// One lookup, on a thread of its own: getaddrinfo can't be interrupted, and a resolver that does not answer takes many
/// seconds, for which neither stop() nor the end of the process should wait.
///
/// Threading: the thread of the io_context.
class Lookup : public std::enable_shared_from_this<Lookup> {
 public:
  /// Addresses: at least one, unless there is an error.
  using Found = std::function<void(const boost::system::error_code&, Addresses)>;

  /// found: called once, never inside this; not after cancel().
  static std::shared_ptr<Lookup> start(boost::asio::io_context& context, std::string host, std::uint16_t port, Found found);
  /// The context is not touched after this.
  void cancel();

 private:
  void run(const std::string& host, std::uint16_t port);
  void tell(const boost::system::error_code& error, Addresses addresses);

  std::mutex mutex_;
  boost::asio::io_context* context_ = nullptr;  // nullptr: cancelled
  Found found_;
};

}  // namespace signalbox::redis

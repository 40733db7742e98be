// The addresses of one host, for all connections to it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "brokers/redis/lookup.hpp"
#include "brokers/redis/time.hpp"
#include "brokers/redis/topology.hpp"

namespace signalbox::redis {

/// One lookup at a time, which all who ask meanwhile wait for: one that hangs holds one thread, however often they ask. What
/// was found last stands in where a lookup fails or takes too long.
///
/// Threading: the thread of the io_context. Outlives its requests.
class Resolver {
 public:
  static constexpr Duration kDeadline{5000};
  /// So long what was found is not asked for again: the connections to a server come back together.
  static constexpr Duration kFresh{1000};
  static constexpr Duration kKept{60'000};

  using Found = Lookup::Found;
  /// Begins a lookup; may give nullptr.
  using Start = std::function<std::shared_ptr<Lookup>(Found)>;

  /// Whose end ends the wait.
  struct Request {
    explicit Request(boost::asio::io_context& context, Found then) : found(std::move(then)), deadline(context) {}
    Found found;  // empty: told
    boost::asio::steady_timer deadline;
  };

  Resolver(boost::asio::io_context& context, const Endpoint& endpoint);
  Resolver(boost::asio::io_context& context, Start start, Duration deadline);
  ~Resolver();

  /// found: called once, never inside this; not after the request is gone. Errors: `timed_out` after the deadline.
  [[nodiscard]] std::shared_ptr<Request> resolve(Found found);

 private:
  void look_up();
  void looked_up(const boost::system::error_code& error, Addresses addresses);
  void tell(const std::shared_ptr<Request>& request, const boost::system::error_code& error);

  boost::asio::io_context& context_;
  Start start_;
  Duration deadline_;
  bool open_ = false;  // a lookup
  std::shared_ptr<Lookup> lookup_;
  std::vector<std::weak_ptr<Request>> waiting_;
  Addresses known_;
  Time known_at_;
};

}  // namespace signalbox::redis

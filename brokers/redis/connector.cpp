#include "brokers/redis/connector.hpp"

#include <algorithm>
#include <utility>

namespace signalbox::redis {

namespace asio = boost::asio;
using boost::system::error_code;

Addresses in_order(Addresses addresses, const Preference& preference) {
  const auto preferred = std::find_if(addresses.begin(), addresses.end(), [&](const asio::ip::tcp::endpoint& address) {
    return address.address().to_string() == preference.address;
  });
  if (preferred == addresses.end()) return addresses;
  std::rotate(addresses.begin(), preferred, addresses.end());
  if (preference.next) std::rotate(addresses.begin(), addresses.begin() + 1, addresses.end());
  return addresses;
}

std::shared_ptr<Connector> Connector::start(asio::ip::tcp::socket& socket, Addresses addresses, Duration each, Done done) {
  const auto connector = std::make_shared<Connector>(socket, std::move(addresses), each, std::move(done));
  connector->try_next();
  return connector;
}

Connector::Connector(asio::ip::tcp::socket& socket, Addresses addresses, Duration each, Done done)
    : socket_(socket), timer_(socket.get_executor()), addresses_(std::move(addresses)), each_(each), done_(std::move(done)) {}

void Connector::cancel() {
  done_ = nullptr;
  timer_.cancel();
}

void Connector::try_next() {
  timed_out_ = false;
  socket_.async_connect(addresses_[current_], [self = shared_from_this(), number = current_](const error_code& error) {
    self->tried(number, error);
  });
  timer_.expires_after(each_);
  timer_.async_wait([self = shared_from_this(), number = current_](const error_code& error) {
    if (error || !self->done_ || number != self->current_) return;
    self->timed_out_ = true;
    error_code ignored;
    self->socket_.close(ignored);  // ends the attempt
  });
}

void Connector::tried(std::size_t number, const error_code& result) {
  if (!done_) return;
  // Where it connected as its time ran out, the socket is closed all the same.
  const error_code error = timed_out_ ? error_code(asio::error::timed_out) : result;
  ++current_;
  if (error && current_ < addresses_.size()) {
    error_code ignored;
    socket_.close(ignored);
    return try_next();
  }
  timer_.cancel();
  const Done done = std::exchange(done_, nullptr);
  done(error, addresses_[number]);
}

}  // namespace signalbox::redis

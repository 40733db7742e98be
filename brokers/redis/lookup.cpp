#include "brokers/redis/lookup.hpp"

#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

namespace signalbox::redis {

namespace asio = boost::asio;
using boost::system::error_code;

std::shared_ptr<Lookup> Lookup::start(asio::io_context& context, std::string host, std::uint16_t port, Found found) {
  const auto lookup = std::make_shared<Lookup>();
  lookup->context_ = &context;
  lookup->found_ = std::move(found);
  try {
    std::thread([lookup, host = std::move(host), port] { lookup->run(host, port); }).detach();
  } catch (const std::system_error& e) {
    lookup->tell(error_code(e.code().value(), boost::system::system_category()), {});
  }
  return lookup;
}

void Lookup::cancel() {
  Found dropped;  // here, not on the thread that looks up: it may hold the last of something
  const std::lock_guard lock(mutex_);
  context_ = nullptr;
  dropped.swap(found_);
}

void Lookup::run(const std::string& host, std::uint16_t port) {
  asio::io_context own;
  error_code error;
  Addresses addresses;
  for (const auto& entry : asio::ip::tcp::resolver(own).resolve(host, std::to_string(port), error)) {
    addresses.push_back(entry.endpoint());
  }
  if (!error && addresses.empty()) error = asio::error::host_not_found;
  tell(error, std::move(addresses));
}

void Lookup::tell(const error_code& error, Addresses addresses) {
  const std::lock_guard lock(mutex_);
  if (!context_) return;
  asio::post(*context_, [self = shared_from_this(), error, addresses = std::move(addresses)]() mutable {
    Found found;
    {
      const std::lock_guard within(self->mutex_);
      found.swap(self->found_);
    }
    if (found) found(error, std::move(addresses));
  });
}

}  // namespace signalbox::redis

#include "brokers/redis/resolver.hpp"

#include <utility>

#include <boost/asio/error.hpp>

namespace signalbox::redis {

using boost::system::error_code;

Resolver::Resolver(boost::asio::io_context& context, const Endpoint& endpoint)
    : Resolver(
          context,
          [&context, endpoint](Found found) { return Lookup::start(context, endpoint.host, endpoint.port, std::move(found)); },
          kDeadline) {}

Resolver::Resolver(boost::asio::io_context& context, Start start, Duration deadline)
    : context_(context), start_(std::move(start)), deadline_(deadline) {}

Resolver::~Resolver() {
  if (lookup_) lookup_->cancel();
}

std::shared_ptr<Resolver::Request> Resolver::resolve(Found found) {
  const auto request = std::make_shared<Request>(context_, std::move(found));
  const bool fresh = !known_.empty() && Clock::now() - known_at_ < kFresh;
  request->deadline.expires_after(fresh ? Duration(0) : deadline_);
  request->deadline.async_wait([this, weak = std::weak_ptr<Request>(request)](const error_code& error) {
    if (const auto one = weak.lock(); one && !error) tell(one, boost::asio::error::timed_out);
  });
  if (!fresh) {
    std::erase_if(waiting_, [](const auto& weak) { return weak.expired(); });
    waiting_.push_back(request);
    look_up();
  }
  return request;
}

void Resolver::look_up() {
  if (std::exchange(open_, true)) return;
  lookup_ = start_([this](const error_code& error, Addresses addresses) { looked_up(error, std::move(addresses)); });
}

void Resolver::looked_up(const error_code& error, Addresses addresses) {
  open_ = false;
  lookup_.reset();
  if (!error) {
    known_ = std::move(addresses);
    known_at_ = Clock::now();
  }
  for (const auto& weak : std::exchange(waiting_, {})) {
    if (const auto request = weak.lock()) tell(request, error);
  }
}

void Resolver::tell(const std::shared_ptr<Request>& request, const error_code& error) {
  const Found found = std::exchange(request->found, nullptr);
  if (!found) return;
  request->deadline.cancel();
  if (!known_.empty() && Clock::now() - known_at_ < kKept) return found({}, known_);
  found(error, {});
}

}  // namespace signalbox::redis

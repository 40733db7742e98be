#include "bench/ends/ends.hpp"
#include "bench/redis_publisher.hpp"
#include "bench/redis_subscriber.hpp"

namespace signalbox::bench {

namespace {

class BareRedisEnds final : public Ends {
 public:
  explicit BareRedisEnds(std::string url) : url_(std::move(url)) {}

  int hold(const std::vector<std::string>& channels, Received& received) override {
    RedisSubscriber subscriber(url_, channels);
    received.ready();
    for (;;) subscriber.read([&](std::string_view, std::string_view payload) { received.take(payload); });
  }

  std::unique_ptr<Publisher> publisher(const std::vector<std::string>& channels, std::size_t payload_bytes) override {
    return std::make_unique<RedisPublisher>(url_, channels, payload_bytes);
  }

 private:
  std::string url_;
};

}  // namespace

std::unique_ptr<Ends> bare_redis_ends(const std::string& url) { return std::make_unique<BareRedisEnds>(url); }

}  // namespace signalbox::bench

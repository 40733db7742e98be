// The API's thread over a broker that does what a test tells it to.
#include "server/api/api_server.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>

#include <gtest/gtest.h>

#include "server/clients/dispatcher.hpp"
#include "tests/support/raw_socket.hpp"

namespace signalbox::api {
namespace {

using namespace std::chrono_literals;
using test::RawSocket;

/// Answers no question until it is told to.
class MuteBroker final : public Broker {
 public:
  void exists(std::string_view, ExistsDone done) override {
    const std::lock_guard lock(mutex_);
    open_.push_back(std::move(done));
    asked_.notify_all();
  }
  bool wait_until_asked(std::size_t times, std::chrono::milliseconds within) {
    std::unique_lock lock(mutex_);
    return asked_.wait_for(lock, within, [&] { return open_.size() >= times; });
  }
  void answer_all() {
    const std::lock_guard lock(mutex_);
    for (ExistsDone& done : open_) done({}, true);
    open_.clear();
  }

  void start(Host&) override {}
  void subscribe(std::string_view, Done) override {}
  void unsubscribe(std::string_view, Done) override {}
  void publish(std::string_view, std::string_view, PublishDone) override {}
  [[nodiscard]] Capabilities capabilities() const override { return {}; }
  void stop(std::chrono::milliseconds) override {}

 private:
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<ExistsDone> open_;
};

class ApiServerTest : public testing::Test {
 protected:
  ApiServerTest() { server.start(); }
  ~ApiServerTest() override { broker.answer_all(); }  // what is open holds connections of the server

  Config config;
  const std::string instance_id = "test-1";
  const std::string broker_version = "1";
  Metrics metrics;
  Log log{LogLevel::error, {}};
  LiveLimits limits{config.limits};
  SocketLimits sockets{1000, limits, 1};
  MuteBroker broker;
  BrokerHost host{"mute", instance_id, "", std::chrono::seconds(2), 64 * 1024, log, metrics};
  Readiness readiness{host};
  Dispatcher dispatcher;
  UserRegistry registry{broker, dispatcher, limits, "", 0ms};
  Publisher publisher{broker, metrics, ""};
  const BoundSockets bound = bind_sockets({"127.0.0.1", 0}, 1, "api.listen");
  ApiServer server{ApiContext{config, instance_id, broker_version, broker, host, readiness, registry, publisher, limits,
                              sockets, metrics, log, std::chrono::steady_clock::now()},
                   bound.descriptors.front()};
};

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"; }

TEST_F(ApiServerTest, CountsTheAnswersThatWaitForAnEarlierOneTogether) {
  constexpr std::size_t kPipelined = 250;  // fewer than may be in progress, each answer of less than the limit
  constexpr std::size_t kMaxUnwritten = 1024 * 1024;
  ASSERT_GT(kPipelined * metrics.text({}).size(), kMaxUnwritten) << "the test shows nothing";
  RawSocket client(bound.port);
  std::string requests = get("/api/v1/users/first");
  for (std::size_t i = 0; i < kPipelined; ++i) requests += get("/metrics");
  client.send(requests + get("/api/v1/users/last"));
  ASSERT_TRUE(broker.wait_until_asked(1, test::kPatience));
  RawSocket other(bound.port);
  other.send(get("/healthz"));
  ASSERT_TRUE(other.read_until("HTTP/1.1 200"));  // the one thread has done with what the first client sent
  EXPECT_FALSE(broker.wait_until_asked(2, 0ms)) << "it reads on, whatever waits";
  broker.answer_all();
  ASSERT_TRUE(client.read_until("\"exists\":true"));
  client.take(client.received().find("\"exists\":true") + 1);
  while (!broker.wait_until_asked(1, 0ms)) ASSERT_FALSE(client.read_to_end(10ms)) << "closed";
  broker.answer_all();
  EXPECT_TRUE(client.read_until("\"exists\":true")) << "the last is answered as well";
}

}  // namespace
}  // namespace signalbox::api

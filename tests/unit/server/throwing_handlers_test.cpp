// Nothing throws on purpose in a handler, but memory may end, and a library may: that costs one connection, and a line in the
// log.
#include <future>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include "server/api/api_server.hpp"
#include "server/net/listener.hpp"
#include "tests/support/raw_socket.hpp"
#include "tests/unit/server/clients/shard_fixture.hpp"

namespace signalbox::test {
namespace {

/// Throws where it is asked to publish.
class ThrowingBroker final : public Broker {
 public:
  void start(Host&) override {}
  void subscribe(std::string_view, Done) override {}
  void unsubscribe(std::string_view, Done) override {}
  void publish(std::string_view, std::string_view, PublishDone) override { throw std::runtime_error("out of order"); }
  void exists(std::string_view, ExistsDone) override {}
  [[nodiscard]] Capabilities capabilities() const override {
    Capabilities exact;
    exact.receivers = Precision::exact;
    return exact;
  }
  void stop(std::chrono::milliseconds) override {}
};

/// What a shard and the API stand on, and a log that can be read once it is closed.
class ThrowingHandler : public ShardTest {
 protected:
  std::string log_text() {
    own_log.reset();
    return text_.str();
  }

 private:
  std::ostringstream text_;

 protected:
  std::unique_ptr<Log> own_log = std::make_unique<Log>(
      LogLevel::error,
      std::vector<std::shared_ptr<spdlog::sinks::sink>>{std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)});
};

TEST_F(ThrowingHandler, CostsTheApiOneConnection) {
  ThrowingBroker broken;
  Publisher publisher(broken, metrics, "");
  const std::string version;
  const BoundSockets bound = bind_sockets({"127.0.0.1", 0}, 1, "api.listen");
  api::ApiServer server({config, instance_id, version, broken, host, readiness, registry, publisher, limits, sockets, metrics,
                         *own_log, std::chrono::steady_clock::now()},
                        bound.descriptors.front());
  server.start();

  RawSocket kept(bound.port);
  kept.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(kept.read_until("ok\n"));
  for (int i = 0; i < 2; ++i) {
    RawSocket unlucky(bound.port);
    unlucky.send(
        "POST /api/v1/users/alice/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /healthz HTTP/1.1\r\nHost: "
        "a\r\n\r\n");
    EXPECT_TRUE(unlucky.read_to_end());
    EXPECT_EQ(unlucky.received(), "") << "no answer, and none to what follows";
  }
  kept.take(kept.received().size());
  kept.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(kept.read_until("ok\n")) << "the loop goes on";
  server.stop();
  EXPECT_NE(log_text().find("api: a handler failed: out of order"), std::string::npos);
}

TEST_F(ThrowingHandler, DoesNotEndItsShard) {
  const ShardContext own{config,      instance_id, registry, limits,  sockets, memory,
                         queue_total, readiness,   messages, metrics, *own_log};
  Shard shard(0, own);
  std::thread loop([&] { shard.run(); });
  std::promise<void> reached;
  boost::asio::post(shard.io(), [] { throw std::runtime_error("out of order"); });
  boost::asio::post(shard.io(), [&] { reached.set_value(); });
  reached.get_future().get();
  shard.stop();
  loop.join();
  EXPECT_NE(log_text().find("shard 0: a handler failed: out of order"), std::string::npos);
}

}  // namespace
}  // namespace signalbox::test

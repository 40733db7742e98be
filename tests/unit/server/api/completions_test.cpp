// The broker's completions come on its threads, and so does the end of what they hold.
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/api/api_server.hpp"
#include "server/net/listener.hpp"
#include "tests/support/raw_socket.hpp"
#include "tests/unit/server/clients/shard_fixture.hpp"

namespace signalbox::test {
namespace {

/// Completes at once, and keeps what it has completed.
class KeepingBroker final : public Broker {
 public:
  void start(Host&) override {}
  void subscribe(std::string_view, Done) override {}
  void unsubscribe(std::string_view, Done) override {}
  void publish(std::string_view, std::string_view, PublishDone done) override {
    done({}, {1, Precision::exact});
    const std::lock_guard lock(mutex_);
    published_.push_back(std::move(done));
  }
  void exists(std::string_view, ExistsDone done) override {
    done({}, true);
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(done));
  }
  [[nodiscard]] Capabilities capabilities() const override {
    Capabilities exact;
    exact.receivers = Precision::exact;
    return exact;
  }
  void stop(std::chrono::milliseconds) override {}

 private:
  std::mutex mutex_;
  std::vector<PublishDone> published_;
  std::vector<ExistsDone> asked_;
};

class Completions : public ShardTest {
 protected:
  /// Makes one request, whose answer begins as told, and waits until no connection is left.
  void ask(const std::string& request, const std::string& answer) {
    KeepingBroker keeping;
    Publisher publisher(keeping, metrics, "");
    const std::string version;
    const BoundSockets bound = bind_sockets({"127.0.0.1", 0}, 1, "api.listen");
    api::ApiServer server({config, instance_id, version, keeping, host, readiness, registry, publisher, limits, sockets,
                           metrics, log, std::chrono::steady_clock::now()},
                          bound.descriptors.front());
    server.start();
    {
      RawSocket client(bound.port);
      client.send(request);
      EXPECT_TRUE(client.read_until(answer)) << client.received();
    }
    EXPECT_TRUE(wait_until([&] { return server.idle(); })) << "a connection is held by what was completed";
    server.stop();
  }
};

TEST_F(Completions, OfAPublishHoldNoConnection) {
  ask("POST /api/v1/users/alice/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "\"delivered\":true");
}

TEST_F(Completions, OfAQuestionHoldNoConnection) {
  ask("GET /api/v1/users/alice HTTP/1.1\r\nHost: a\r\n\r\n", "\"exists\":true");
}

TEST_F(Completions, OfADisconnectHoldNoConnection) {
  ask("DELETE /api/v1/users/alice/connections HTTP/1.1\r\nHost: a\r\n\r\n", "\"disconnecting\":true");
}

TEST_F(Completions, OfABulkHoldNoConnection) {
  ask("POST /api/v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\n\r\n{\"user\":\"alice\",\"text\":\"hello\"}",
      "\"delivered\":true");
}

}  // namespace
}  // namespace signalbox::test

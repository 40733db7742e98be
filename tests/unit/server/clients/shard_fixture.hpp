// One shard on a loop that the test turns itself, with a broker that answers when it is told to, and clients on loopback
// sockets. Everything happens on the test's thread, so that what a test sees is not a matter of timing.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/config/config.hpp"
#include "core/config/live_limits.hpp"
#include "core/delivery/broker_host.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/users/user_registry.hpp"
#include "server/clients/client_protocol.hpp"
#include "server/clients/connection.hpp"
#include "server/clients/dispatcher.hpp"
#include "server/net/limits.hpp"
#include "server/net/memory_watch.hpp"
#include "server/net/shard.hpp"
#include "server/readiness.hpp"
#include "websocket/decoder.hpp"

namespace signalbox::test {

/// Remembers the subscriptions it is asked for.
class ScriptedBroker final : public Broker {
 public:
  /// What the shard has asked for, in order: "+alice", "-alice".
  std::vector<std::string> calls;

  /// Completes every call that is open, subscribes with this outcome.
  void answer(std::error_code code = {}, std::string_view detail = {});

  void start(Host&) override {}
  void subscribe(std::string_view channel, Done done) override { add('+', channel, std::move(done)); }
  void unsubscribe(std::string_view channel, Done done) override { add('-', channel, std::move(done)); }
  void publish(std::string_view, std::string_view, PublishDone) override { FAIL() << "a shard publishes nothing"; }
  void exists(std::string_view, ExistsDone) override { FAIL() << "a shard asks for nobody"; }
  [[nodiscard]] Capabilities capabilities() const override { return {}; }
  void stop(std::chrono::milliseconds) override {}

 private:
  void add(char verb, std::string_view channel, Done done) {
    calls.push_back(verb + std::string(channel));
    open_.push_back(std::move(done));
  }
  std::deque<Done> open_;
};

/// The far end of a connection: sends masked frames, keeps what comes.
class FakeClient {
 public:
  struct Frame {
    websocket::Event::Kind kind;
    std::string payload;
    unsigned code = 0;        ///< of a close
    bool compressed = false;  ///< the payload is deflated data
    friend bool operator==(const Frame&, const Frame&) = default;
  };

  /// `descriptor`: a connected socket, owned from now on.
  explicit FakeClient(int descriptor) : descriptor_(descriptor) {}
  FakeClient(const FakeClient&) = delete;
  FakeClient& operator=(const FakeClient&) = delete;
  ~FakeClient() { disconnect(); }

  void send(websocket::Opcode opcode, std::string_view payload);
  void send_text(std::string_view text) { send(websocket::Opcode::text, text); }
  void send_raw(std::string_view bytes);
  void disconnect();

  /// Takes what has arrived, without waiting.
  void read();
  [[nodiscard]] const std::vector<Frame>& frames() const noexcept { return frames_; }
  [[nodiscard]] std::vector<std::string> texts() const;
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// Code and reason of the close frame that has come: "1008 not JSON"; empty if none has.
  [[nodiscard]] std::string closed() const;

 private:
  int descriptor_;
  bool ended_ = false;
  websocket::Decoder decoder_{websocket::Role::client, websocket::Extension::permessage_deflate};
  std::vector<Frame> frames_;
};

/// Sizes of socket buffers in bytes.
struct Buffers {
  int server_send = 0;     ///< 0: as the listener sets it
  int client_receive = 0;  ///< 0: the system's default
};

class ShardTest : public testing::Test {
 protected:
  ShardTest();
  ~ShardTest() override;

  /// A test changes it before anything else; its limits are in force when the shard is made.
  Config config;
  const std::string instance_id = "test-1";
  Metrics metrics;
  Log log{LogLevel::error, {}};
  LiveLimits limits{config.limits};
  SocketLimits sockets{1000, limits, 1};
  MemoryWatch memory{limits, log};
  QueueTotal queue_total{limits, metrics.connection_queue_bytes, metrics.inbound_queue_bytes, 1};
  ScriptedBroker broker;
  BrokerHost host{"scripted", instance_id, "", std::chrono::seconds(2), 64 * 1024, log, metrics};
  Readiness readiness{host};
  Dispatcher dispatcher;
  UserRegistry registry{broker, dispatcher, limits, "", std::chrono::milliseconds(0)};
  ClientProtocol messages;
  ShardContext context{config, instance_id, registry, limits, sockets, memory, queue_total, readiness, messages, metrics, log};

  /// Made at the first use, when the test has set its limits.
  Shard& shard();

  /// The two ends of a new connection; the shard's has been counted.
  std::pair<Socket, std::unique_ptr<FakeClient>> connected_pair(Buffers buffers = {});
  /// A client whose handshake is over.
  std::unique_ptr<FakeClient> open(Mode mode, std::string_view user = {}, Buffers buffers = {});
  /// One that is registered and confirmed, and has read so.
  std::unique_ptr<FakeClient> open_registered(Mode mode, std::string_view user, Buffers buffers = {});

  /// Lets the shard do what it can do now.
  void turn() { shard().io().poll(); }
  /// Turns the loop, and lets these clients read, until the condition holds.
  bool run_until(std::initializer_list<FakeClient*> readers, const std::function<bool()>& condition);

  [[nodiscard]] std::int64_t open_connections() const { return metrics.connections.value(); }
  void deliver(std::string_view user, const std::vector<std::string>& texts);
  /// The value of a line of the metrics' text, or -1.
  [[nodiscard]] double metric(const std::string& name) const;

 private:
  std::unique_ptr<Shard> shard_;
};

}  // namespace signalbox::test

// Both ends are plain sockets here: a RawSocket as the client, a blocking one as the server.
#include "tests/support/fault_proxy.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/raw_socket.hpp"

namespace signalbox::test {
namespace {

enum class End { open, fin, rst };

/// A connected socket of the test's own server.
class Peer {
 public:
  explicit Peer(int socket) : socket_(socket) {}
  Peer(Peer&& other) noexcept : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}
  ~Peer() {
    if (socket_ >= 0) close(socket_);
  }

  void send(const std::string& bytes) const {
    ASSERT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void finish() const { shutdown(socket_, SHUT_WR); }
  void abort() {
    const linger now{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(std::exchange(socket_, -1));
  }

  /// What has come once there are `count` bytes, the stream has ended or the time has passed.
  const std::string& received(std::size_t count, milliseconds within = kPatience) {
    while (received_.size() < count && end_ == End::open && readable(within)) read();
    return received_;
  }
  /// How the stream ends; what comes before is kept.
  End end(milliseconds within = kPatience) {
    while (end_ == End::open && readable(within)) read();
    return end_;
  }

 private:
  [[nodiscard]] bool readable(milliseconds within) const {
    pollfd asked{socket_, POLLIN, 0};
    return poll(&asked, 1, static_cast<int>(scaled(within).count())) == 1;
  }
  void read() {
    char buffer[65536];
    const ssize_t count = recv(socket_, buffer, sizeof buffer, 0);
    if (count > 0) {
      received_.append(buffer, static_cast<std::size_t>(count));
    } else {
      end_ = count == 0 ? End::fin : End::rst;
    }
  }

  int socket_;
  std::string received_;
  End end_ = End::open;
};

class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(socket_, reinterpret_cast<const sockaddr*>(&address), size);
    listen(socket_, 64);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(socket_); }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] Peer accept() const { return Peer(accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)); }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

class FaultProxyTest : public testing::Test {
 protected:
  struct Link {
    std::unique_ptr<Peer> client;
    Peer server;
  };

  /// A connection through the proxy, both ends of it.
  Link connect() { return connect(proxy_, "127.0.0.1", proxy_.port(), listener_); }
  static Link connect(const FaultProxy& proxy, const char* host, std::uint16_t port, const Listener& listener) {
    const std::size_t before = proxy.connections();
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, host, &address.sin_addr);
    EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    Link link{std::make_unique<Peer>(socket), listener.accept()};
    EXPECT_TRUE(wait_until([&] { return proxy.connections() == before + 1; }));
    return link;
  }

  Listener listener_;
  FaultProxy proxy_{listener_.port()};
};

TEST_F(FaultProxyTest, PassesBothWaysAndCounts) {
  Link link = connect();
  link.client->send("question");
  EXPECT_EQ(link.server.received(8), "question");
  link.server.send("answer");
  EXPECT_EQ(link.client->received(6), "answer");
  EXPECT_EQ(proxy_.bytes(Direction::to_server), 8u);
  EXPECT_EQ(proxy_.bytes(Direction::to_client), 6u);
  EXPECT_EQ(proxy_.connections(), 1u);
  EXPECT_EQ(proxy_.accepted(), 1u);
}

TEST_F(FaultProxyTest, PassesTheEndOfEachDirectionAfterItsBytes) {
  Link link = connect();
  link.client->send("last words");
  link.client->finish();
  EXPECT_EQ(link.server.end(), End::fin);
  EXPECT_EQ(link.server.received(0), "last words");
  link.server.send("heard");
  link.server.finish();
  EXPECT_EQ(link.client->end(), End::fin);
  EXPECT_EQ(link.client->received(0), "heard");
  EXPECT_TRUE(wait_until([&] { return proxy_.connections() == 0; }));
}

TEST_F(FaultProxyTest, PassesAResetOfEitherSide) {
  Link link = connect();
  link.server.abort();
  EXPECT_EQ(link.client->end(), End::rst);
  Link other = connect();
  other.client->abort();
  EXPECT_EQ(other.server.end(), End::rst);
}

TEST_F(FaultProxyTest, CutsWithFinEvenWhereBytesAreUnread) {
  Link link = connect();
  proxy_.stall(Direction::to_server);
  link.client->send("never read by the proxy");
  proxy_.cut();
  EXPECT_EQ(link.client->end(), End::fin);
  EXPECT_EQ(link.server.end(), End::fin);
  EXPECT_EQ(proxy_.connections(), 0u);
}

TEST_F(FaultProxyTest, ResetsBothSides) {
  Link link = connect();
  proxy_.reset();
  EXPECT_EQ(link.client->end(), End::rst);
  EXPECT_EQ(link.server.end(), End::rst);
}

TEST_F(FaultProxyTest, RefusesNewConnectionsAndTakesThemAgainOnTheSamePort) {
  Link link = connect();
  const std::uint16_t port = proxy_.port();
  proxy_.refuse(true);
  EXPECT_THROW(RawSocket{port}, std::system_error);
  link.client->send("the old one stands");
  EXPECT_EQ(link.server.received(18), "the old one stands");
  proxy_.refuse(false);
  EXPECT_EQ(proxy_.port(), port);
  Link again = connect();
  again.server.send("back");
  EXPECT_EQ(again.client->received(4), "back");
}

TEST_F(FaultProxyTest, RefusesAndTakesAgainWhileNobodyIsConnected) {
  proxy_.refuse(true);
  EXPECT_THROW(RawSocket{proxy_.port()}, std::system_error);
  proxy_.refuse(false);
  Link link = connect();
  link.server.send("here");
  EXPECT_EQ(link.client->received(4), "here");
}

TEST_F(FaultProxyTest, ResetsAClientWhoseServerIsAway) {
  std::optional<Listener> away(std::in_place);
  FaultProxy proxy(away->port());
  away.reset();
  RawSocket client(proxy.port());
  EXPECT_TRUE(client.read_to_end());
  EXPECT_EQ(proxy.connections(), 0u);
  EXPECT_EQ(proxy.accepted(), 1u);
}

TEST_F(FaultProxyTest, StandsBeforeSeveralServersAtOnceOnTheirPortsOfAnotherAddress) {
  const Listener other;
  constexpr const char* kHost = "127.0.0.2";
  FaultProxy both({listener_.port(), other.port()}, kHost);
  EXPECT_EQ(both.port(), listener_.port());
  Link one = connect(both, kHost, listener_.port(), listener_);
  Link two = connect(both, kHost, other.port(), other);
  one.server.send("one");
  two.server.send("two");
  EXPECT_EQ(one.client->received(3), "one");
  EXPECT_EQ(two.client->received(3), "two");
  EXPECT_EQ(both.bytes(Direction::to_client), 6u);
  both.refuse(true);
  both.reset();
  EXPECT_EQ(one.client->end(), End::rst);
  EXPECT_EQ(two.client->end(), End::rst);
  both.refuse(false);
  Link again = connect(both, kHost, other.port(), other);
  again.client->send("back");
  EXPECT_EQ(again.server.received(4), "back");
  EXPECT_EQ(both.accepted(), 3u);
}

TEST_F(FaultProxyTest, CutsInTheMiddleOfAMessageOpenConnectionsAndNewOnes) {
  Link link = connect();
  link.server.send("before");
  EXPECT_EQ(link.client->received(6), "before");
  proxy_.cut_after(Direction::to_client, 4);
  link.server.send("message");
  EXPECT_EQ(link.client->end(), End::fin);
  EXPECT_EQ(link.client->received(0), "beforemess");
  EXPECT_EQ(link.server.end(), End::fin);

  Link fresh = connect();
  fresh.server.send("message");
  EXPECT_EQ(fresh.client->end(), End::fin);
  EXPECT_EQ(fresh.client->received(0), "mess");

  proxy_.heal();
  Link healed = connect();
  healed.server.send("message");
  EXPECT_EQ(healed.client->received(7), "message");
}

TEST_F(FaultProxyTest, StallsOneWayUntilTheSenderFeelsItAndThenLetsEverythingThrough) {
  Link link = connect();
  proxy_.stall(Direction::to_server);
  link.server.send("the other way flows");
  EXPECT_EQ(link.client->received(19), "the other way flows");
  std::atomic<std::size_t> sent = 0;
  std::thread sender([&] {
    const std::string block(1 << 20, 'x');
    for (int i = 0; i < 20; ++i) {
      link.client->send(block);
      sent += block.size();
    }
  });
  EXPECT_EQ(link.server.received(1, 200ms), "");
  EXPECT_EQ(proxy_.bytes(Direction::to_server), 0u);
  EXPECT_LT(sent, 20u << 20);
  proxy_.heal();
  EXPECT_EQ(link.server.received(20 << 20).size(), 20u << 20);
  sender.join();
  EXPECT_EQ(sent, 20u << 20);
}

TEST_F(FaultProxyTest, SwallowsOneWayUntilHealed) {
  Link link = connect();
  proxy_.blackhole(Direction::to_client);
  link.server.send("lost");
  link.client->send("arrives");
  EXPECT_EQ(link.server.received(7), "arrives");
  EXPECT_EQ(link.client->received(1, 100ms), "");
  proxy_.heal();
  link.server.send("seen");
  EXPECT_EQ(link.client->received(4), "seen");
}

TEST_F(FaultProxyTest, SwallowsTheEndOfTheStreamToo) {
  Link link = connect();
  proxy_.blackhole(Direction::to_client);
  link.server.finish();
  EXPECT_EQ(link.client->end(100ms), End::open);
  proxy_.heal();
  EXPECT_EQ(link.client->end(), End::fin);
}

TEST_F(FaultProxyTest, DelaysBytesAndKeepsTheirOrder) {
  Link link = connect();
  proxy_.delay(Direction::to_client, 150ms);
  const auto begin = std::chrono::steady_clock::now();
  link.server.send("one ");
  EXPECT_EQ(link.client->received(1), "one ");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 150ms);
  link.server.send("two ");
  EXPECT_TRUE(wait_until([&] { return proxy_.bytes(Direction::to_client) == 8; }));
  proxy_.delay(Direction::to_client, 1h);
  link.server.send("three");
  EXPECT_EQ(link.client->received(13, 100ms), "one two ");
  proxy_.heal();
  EXPECT_EQ(link.client->received(13), "one two three");
}

TEST_F(FaultProxyTest, CorruptsAboutOneByteIn64TheSameOnesForASeed) {
  const std::string clean(1 << 16, 'x');
  std::vector<std::string> dirty;
  for (int run = 0; run < 2; ++run) {
    FaultProxy proxy(listener_.port());
    proxy.corrupt(Direction::to_server, 42);
    const RawSocket client(proxy.port());
    Peer server = listener_.accept();
    ASSERT_TRUE(client.send(clean));
    dirty.push_back(server.received(clean.size()));
  }
  ASSERT_EQ(dirty[0].size(), clean.size());
  EXPECT_EQ(dirty[0], dirty[1]);
  const auto flipped = std::count_if(dirty[0].begin(), dirty[0].end(), [](char byte) { return byte != 'x'; });
  EXPECT_GT(flipped, 1024 / 2);
  EXPECT_LT(flipped, 1024 * 2);
}

TEST_F(FaultProxyTest, InjectsIntoEveryOpenConnection) {
  Link first = connect();
  Link second = connect();
  proxy_.inject(Direction::to_client, "garbage");
  EXPECT_EQ(first.client->received(7), "garbage");
  EXPECT_EQ(second.client->received(7), "garbage");
}

/// Passes whole lines that do not begin with "drop".
FaultProxy::Filter line_filter() {
  return [held = std::string()](std::string_view bytes) mutable {
    if (bytes.empty()) return std::exchange(held, {});
    held += bytes;
    std::string passes;
    for (std::size_t end = held.find('\n'); end != std::string::npos; end = held.find('\n')) {
      if (held.rfind("drop", 0) != 0) passes += held.substr(0, end + 1);
      held.erase(0, end + 1);
    }
    return passes;
  };
}

TEST_F(FaultProxyTest, FiltersEachConnectionWithAStateOfItsOwnThatOtherFaultsLeaveAlone) {
  Link first = connect();
  Link second = connect();
  proxy_.filter(Direction::to_client, line_filter);
  first.server.send("keep 1\ndrop");
  second.server.send("keep 2\nk");
  EXPECT_EQ(first.client->received(7), "keep 1\n");
  EXPECT_EQ(second.client->received(7), "keep 2\n");
  proxy_.delay(Direction::to_client, 1ms);
  first.server.send(" this\nkeep 3\n");
  second.server.send("eep 4\nhalf");
  EXPECT_EQ(first.client->received(14), "keep 1\nkeep 3\n");
  EXPECT_EQ(second.client->received(14), "keep 2\nkeep 4\n");
  proxy_.heal();
  second.server.send(" a line");
  EXPECT_EQ(second.client->received(25), "keep 2\nkeep 4\nhalf a line");
}

TEST_F(FaultProxyTest, PassesAFloodUnharmed) {
  Link link = connect();
  std::string block;
  for (int i = 0; i < 1 << 16; ++i) block += std::to_string(i % 10);
  constexpr std::size_t kBlocks = 800;
  std::thread sender([&] {
    for (std::size_t i = 0; i < kBlocks; ++i) link.server.send(block);
  });
  const auto begin = std::chrono::steady_clock::now();
  const std::string& received = link.client->received(kBlocks * block.size());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  sender.join();
  ASSERT_EQ(received.size(), kBlocks * block.size());
  for (std::size_t i = 0; i < kBlocks; ++i) ASSERT_EQ(received.compare(i * block.size(), block.size(), block), 0) << i;
  RecordProperty("mb_per_second", std::to_string(static_cast<double>(received.size()) / 1e6 / took.count()));
}

}  // namespace
}  // namespace signalbox::test

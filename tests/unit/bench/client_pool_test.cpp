#include "bench/client_pool.hpp"

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/process.hpp"

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

ClientPool::Clock::time_point soon() { return ClientPool::Clock::now() + 10s; }

const std::string kAccepted =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nsec-websocket-accept:  "
    "s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n";

/// One connection as its server sees it, blocking.
class Peer {
 public:
  explicit Peer(int descriptor) : descriptor_(descriptor) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { close(descriptor_); }

  void send(std::string_view bytes) const { ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  void send_frame(websocket::Opcode opcode, std::string_view payload) const {
    std::string out;
    websocket::append_frame(out, opcode, payload);
    send(out);
  }

  std::string read_head() const {
    std::string head;
    char byte;
    while (!head.ends_with("\r\n\r\n") && recv(descriptor_, &byte, 1, 0) == 1) head += byte;
    return head;
  }

  /// The next frame's kind and payload, as "kind:payload"; "end" at the end of the stream.
  std::string read_event() {
    for (;;) {
      const websocket::Event event = decoder_.next(input_, {});
      if (event.kind != websocket::Event::Kind::need_more) {
        return std::to_string(static_cast<int>(event.kind)) + ":" + std::string(event.payload);
      }
      const ssize_t size = recv(descriptor_, buffer_.data(), buffer_.size(), 0);
      if (size <= 0) return "end";
      input_ = {buffer_.data(), static_cast<std::size_t>(size)};
    }
  }

  [[nodiscard]] std::string address() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getpeername(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
    char text[INET_ADDRSTRLEN] = {};
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    return text;
  }

 private:
  int descriptor_;
  websocket::Decoder decoder_{websocket::Role::server};
  std::string buffer_ = std::string(4096, '\0');
  std::span<char> input_;
};

std::string event(websocket::Event::Kind kind, const std::string& payload) {
  return std::to_string(static_cast<int>(kind)) + ":" + payload;
}

/// Accepts `connections`, one after the other, and hands each to `serve` in a thread of its own.
class Server {
 public:
  Server(int connections, std::function<void(Peer&)> serve) : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    listen(listener_, 64);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    accepting_ = std::jthread([this, connections, serve] {
      std::vector<std::jthread> threads;
      for (int i = 0; i < connections; ++i) {
        const int descriptor = accept(listener_, nullptr, nullptr);
        threads.emplace_back([descriptor, serve] {
          Peer peer(descriptor);
          serve(peer);
        });
      }
    });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    shutdown(listener_, SHUT_RDWR);
    join();
    close(listener_);
  }

  /// Returns when every connection has been served.
  void join() { accepting_ = {}; }

  std::uint16_t port = 0;

 private:
  int listener_;
  std::jthread accepting_;
};

TEST(ClientPool, UpgradesWithTheUserInTheQuery) {
  std::string request;
  Server server(1, [&](Peer& peer) {
    request = peer.read_head();
    peer.send(kAccepted + "\r\n");
    peer.read_event();
  });
  ClientPool pool({.port = server.port});
  pool.add("J\xC3\xBCrgen & Co");
  EXPECT_TRUE(pool.wait_ready(soon()));
  EXPECT_EQ(pool.ready(), 1u);
  pool.close(0);
  server.join();
  EXPECT_THAT(request, HasSubstr("GET /?user_name=J%C3%BCrgen%20%26%20Co HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  EXPECT_THAT(request, testing::Not(HasSubstr("Sec-WebSocket-Protocol")));
}

TEST(ClientPool, HandsOverMessagesEvenThoseThatCameWithTheResponse) {
  Server server(1, [&](Peer& peer) {
    peer.read_head();
    std::string bytes = kAccepted + "\r\n";
    websocket::append_frame(bytes, websocket::Opcode::text, "first");
    websocket::append_frame(bytes, websocket::Opcode::binary, std::string(300'000, 'b'));
    peer.send(bytes);
    peer.read_event();
  });
  std::vector<std::string> received;
  ClientPool pool({.port = server.port}, [&](std::size_t client, std::string_view payload, bool binary) {
    received.push_back(std::to_string(client) + (binary ? " binary " : " text ") + std::to_string(payload.size()));
  });
  pool.add();
  EXPECT_TRUE(pool.wait_until([&] { return received.size() == 2; }, soon()));
  EXPECT_THAT(received, ElementsAre("0 text 5", "0 binary 300000"));
  EXPECT_EQ(pool.messages(), 2u);
}

TEST(ClientPool, IsReadyInEnvelopeModeOnlyWhenRegistered) {
  std::string request;
  std::atomic<bool> confirm{false};
  Server server(1, [&](Peer& peer) {
    request = peer.read_head();
    peer.send(kAccepted + "Sec-WebSocket-Protocol: signalbox.v1.json\r\n\r\n");
    confirm.wait(false);
    peer.send_frame(websocket::Opcode::text, R"({"type":"registered","user":"alice","instance":"i","connection":"c"})");
    peer.send_frame(websocket::Opcode::text, R"({"type":"message","data":"{\"type\":\"registered\"}"})");
    peer.read_event();
  });
  ClientPool pool({.port = server.port, .envelope = true});
  pool.add("alice");
  EXPECT_FALSE(pool.wait_ready(ClientPool::Clock::now() + 100ms));
  confirm = true;
  confirm.notify_one();
  EXPECT_TRUE(pool.wait_ready(soon()));
  EXPECT_TRUE(pool.wait_until([&] { return pool.messages() == 1; }, soon()));
  pool.close(0);
  server.join();
  EXPECT_THAT(request, HasSubstr("Sec-WebSocket-Protocol: signalbox.v1.json\r\n"));
}

TEST(ClientPool, AnswersPingsAndSends) {
  std::vector<std::string> events;
  Server server(1, [&](Peer& peer) {
    peer.read_head();
    peer.send(kAccepted + "\r\n");
    peer.send_frame(websocket::Opcode::ping, "are you there");
    for (int i = 0; i < 4; ++i) events.push_back(peer.read_event());
  });
  ClientPool pool({.port = server.port, .busy_poll = true});
  const std::size_t client = pool.add();
  EXPECT_TRUE(pool.wait_until([&] { return pool.pings() == 1; }, soon()));
  pool.send_text(client, "hello");
  pool.close(client);
  EXPECT_EQ(pool.ready(), 0u);
  EXPECT_THAT(pool.errors(), testing::IsEmpty());
  pool.send_text(client, "no effect");
  server.join();
  EXPECT_THAT(events,
              ElementsAre(event(websocket::Event::Kind::pong, "are you there"), event(websocket::Event::Kind::text, "hello"),
                          event(websocket::Event::Kind::close, ""), "end"));
}

TEST(ClientPool, CountsWhyClientsFail) {
  std::atomic<int> number{0};
  Server server(6, [&](Peer& peer) {
    peer.read_head();
    switch (number++) {
      case 0: return peer.send("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n");
      case 1: return peer.send("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: wrong\r\n\r\n");
      case 2: return peer.send(kAccepted + "Sec-WebSocket-Protocol: unasked\r\n\r\n");
      case 3:
        peer.send(kAccepted + "\r\n");
        return peer.send_frame(websocket::Opcode::close,
                               websocket::close_payload(websocket::CloseCode::try_again_later, "full"));
      case 4: return peer.send(kAccepted + "\r\n\x83\x01x");
      default: return peer.send(kAccepted + "\r\n");
    }
  });
  ClientPool pool({.port = server.port, .in_flight = 1});
  for (int i = 0; i < 6; ++i) pool.add();
  EXPECT_TRUE(pool.wait_until([&] { return pool.failed() == 6; }, soon()));
  EXPECT_THAT(pool.errors(),
              ElementsAre(Pair("closed: 1013", 1), Pair("lost: end of stream", 1), Pair("protocol error: reserved opcode", 1),
                          Pair("refused: HTTP/1.1 503 Service Unavailable", 1), Pair("refused: wrong Sec-WebSocket-Accept", 1),
                          Pair("refused: wrong Sec-WebSocket-Protocol", 1)));
  EXPECT_FALSE(pool.wait_ready(soon()));
}

TEST(ClientPool, CountsARefusedConnection) {
  ClientPool pool({.port = free_port()});
  pool.add();
  EXPECT_FALSE(pool.wait_ready(soon()));
  EXPECT_THAT(pool.errors(), ElementsAre(Pair("connect: Connection refused", 1)));
}

TEST(ClientPool, SpreadsItsSourcesOverLoopback) {
  std::atomic<int> from_second{0}, from_third{0};
  Server server(4, [&](Peer& peer) {
    if (peer.address() == "127.0.0.2") ++from_second;
    if (peer.address() == "127.0.0.3") ++from_third;
    peer.read_head();
    peer.send(kAccepted + "\r\n");
    peer.read_event();
  });
  ClientPool pool({.port = server.port, .clients_per_source = 2});
  for (int i = 0; i < 4; ++i) pool.add();
  EXPECT_TRUE(pool.wait_ready(soon()));
  EXPECT_EQ(from_second, 2);
  EXPECT_EQ(from_third, 2);
}

TEST(ClientPool, HasNoMoreOnTheWayThanAllowed) {
  std::atomic<int> arrived{0};
  std::atomic<bool> answer{false};
  Server server(12, [&](Peer& peer) {
    peer.read_head();
    ++arrived;
    answer.wait(false);
    peer.send(kAccepted + "\r\n");
    peer.read_event();
  });
  ClientPool pool({.port = server.port, .in_flight = 3});
  for (int i = 0; i < 12; ++i) pool.add();
  EXPECT_TRUE(pool.wait_until([&] { return arrived == 3; }, soon()));
  EXPECT_FALSE(pool.wait_until([&] { return arrived > 3; }, ClientPool::Clock::now() + 100ms));
  answer = true;
  answer.notify_all();
  EXPECT_TRUE(pool.wait_ready(soon()));
  EXPECT_EQ(pool.ready(), 12u);
}

TEST(ClientPool, ReadsFramesFromTheFirstByteWithoutAnUpgrade) {
  Server server(1, [&](Peer& peer) {
    peer.send_frame(websocket::Opcode::text, "bare");
    peer.read_event();
  });
  ClientPool pool({.port = server.port, .upgrade = false});
  pool.add();
  EXPECT_TRUE(pool.wait_until([&] { return pool.messages() == 1; }, soon()));
}

TEST(ClientPool, RefusesAnAddressThatIsNone) {
  EXPECT_THROW(ClientPool({.address = "localhost", .port = 1}), std::invalid_argument);
}

}  // namespace
}  // namespace signalbox::bench

#include "tests/support/hostile/behaviours.hpp"

#include <random>
#include <utility>

#include "tests/support/raw_websocket.hpp"

namespace signalbox::test::hostile {
namespace {

class SlowHandshake final : public Behaviour {
 public:
  void on_connected(Peer& peer) override { on_tick(peer); }
  void on_tick(Peer& peer) override {
    if (peer.step < request_.size()) peer.send(std::string_view(request_).substr(peer.step++, 1));
  }

 private:
  const std::string request_ = upgrade_request();
};

class Silence final : public Behaviour {
 public:
  void on_connected(Peer&) override {}
};

class HeaderFlood final : public Behaviour {
 public:
  void on_connected(Peer& peer) override { peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n"); }
  std::string more(Peer& peer) override { return "X-" + std::to_string(peer.step++) + ": " + std::string(100, 'x') + "\r\n"; }
};

class Garbage final : public Behaviour {
 public:
  explicit Garbage(bool upgraded) : upgraded_(upgraded) {}
  void on_connected(Peer& peer) override {
    if (upgraded_) peer.send(upgrade_request("/?user_name=garbage"));
  }
  std::string more(Peer&) override {
    std::string bytes(256, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }

 private:
  const bool upgraded_;
  std::minstd_rand random_{5};
};

class IdleKeepAlive final : public Behaviour {
 public:
  void on_connected(Peer& peer) override { peer.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); }
};

class UnreadAnswers final : public Behaviour {
 public:
  [[nodiscard]] bool reads() const override { return false; }
  [[nodiscard]] int receive_buffer_bytes() const override { return 4096; }
  void on_connected(Peer&) override {}
  std::string more(Peer&) override { return "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"; }
};

class EndlessBulk final : public Behaviour {
 public:
  EndlessBulk(const std::string& user, std::size_t bytes, bool reads)
      : line_("{\"user\":\"" + user + "\",\"text\":\"" + std::string(bytes, 'x') + "\"}\n"), reads_(reads) {}
  [[nodiscard]] bool reads() const override { return reads_; }
  void on_connected(Peer& peer) override {
    peer.send("POST /api/v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000000\r\n\r\n");
  }
  std::string more(Peer&) override { return line_; }

 private:
  const std::string line_;
  const bool reads_;
};

}  // namespace

Harm slow_handshake() { return std::make_unique<SlowHandshake>(); }
Harm silence() { return std::make_unique<Silence>(); }
Harm header_flood() { return std::make_unique<HeaderFlood>(); }
Harm garbage(bool upgraded) { return std::make_unique<Garbage>(upgraded); }
Harm idle_keep_alive() { return std::make_unique<IdleKeepAlive>(); }
Harm unread_answers() { return std::make_unique<UnreadAnswers>(); }
Harm endless_bulk(std::string user, std::size_t bytes, bool reads) { return std::make_unique<EndlessBulk>(user, bytes, reads); }

}  // namespace signalbox::test::hostile

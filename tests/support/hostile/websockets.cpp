// Harm that is done by clients whose handshake is done.
#include <array>
#include <utility>

#include <linux/filter.h>
#include <sys/socket.h>

#include "tests/support/hostile/behaviours.hpp"
#include "tests/support/raw_websocket.hpp"

namespace signalbox::test::hostile {
namespace {

/// The client that does not read has little room in its socket, so that what it leaves unread stays with the server.
constexpr int kSmallReceiveBuffer = 4096;

/// Upgrades, with its user in the URL.
class Registered : public Behaviour {
 public:
  explicit Registered(std::string user, std::size_t users = 0) : user_(std::move(user)), users_(users) {}
  void on_connected(Peer& peer) final {
    const std::size_t number = users_ > 0 ? peer.number() % users_ : peer.number();
    peer.send(upgrade_request(user_.empty() ? "/" : "/?user_name=" + user_ + std::to_string(number)));
  }
  /// The first bytes that come are the answer to the upgrade.
  void on_received(Peer& peer, std::string_view bytes) final {
    if (peer.step++ == 0) on_answer(peer, bytes);
  }

 protected:
  virtual void on_answer(Peer& /*peer*/, std::string_view /*head*/) {}

 private:
  const std::string user_;
  const std::size_t users_;
};

class StalledReader final : public Registered {
 public:
  StalledReader(std::string user, bool pongs) : Registered(std::move(user)), pongs_(pongs) {}
  [[nodiscard]] bool reads() const override { return false; }
  [[nodiscard]] int receive_buffer_bytes() const override { return kSmallReceiveBuffer; }
  void on_tick(Peer& peer) override {
    if (pongs_) peer.send(masked_frame(kPong, {}));
  }

 private:
  const bool pongs_;
};

class TricklingReader final : public Registered {
 public:
  using Registered::Registered;
  [[nodiscard]] bool reads() const override { return false; }
  [[nodiscard]] int receive_buffer_bytes() const override { return kSmallReceiveBuffer; }
  void on_tick(Peer& peer) override {
    char byte = 0;
    if (recv(peer.descriptor(), &byte, 1, MSG_DONTWAIT) == 0) peer.leave();
  }
};

class VanishedPeer final : public Registered {
 public:
  VanishedPeer(std::string user, std::size_t ticks) : Registered(std::move(user)), ticks_(ticks) {}
  void on_tick(Peer& peer) override {
    if (ticks_ > 0 && peer.step > 0 && peer.step++ > ticks_) peer.leave();
  }

 private:
  void on_answer(Peer& peer, std::string_view) override {
    sock_filter drop_all{BPF_RET | BPF_K, 0, 0, 0};
    const sock_fprog program{1, &drop_all};
    setsockopt(peer.descriptor(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  }

  const std::size_t ticks_;
};

class HalfClosedPeer final : public Registered {
 public:
  using Registered::Registered;

 private:
  void on_answer(Peer& peer, std::string_view) override { peer.finish(); }
};

class MutePeer final : public Registered {
 public:
  using Registered::Registered;
  [[nodiscard]] bool reads() const override { return false; }
  [[nodiscard]] bool leaves_at_end() const override { return false; }
  void on_tick(Peer& peer) override {
    std::array<char, 4096> bytes;
    while (recv(peer.descriptor(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
    }
  }
};

class Reconnecter final : public Registered {
 public:
  using Registered::Registered;

 private:
  void on_answer(Peer& peer, std::string_view) override { peer.leave(); }
};

class Chatter final : public Registered {
 public:
  using Registered::Registered;
  std::string more(Peer&) override { return frame_; }

 private:
  const std::string frame_ = masked_frame(kText, R"({"chatter":true})");
};

}  // namespace

Harm stalled_reader(std::string user, bool pongs) { return std::make_unique<StalledReader>(std::move(user), pongs); }
Harm trickling_reader(std::string user) { return std::make_unique<TricklingReader>(std::move(user)); }
Harm vanished_peer(std::string user, std::size_t ticks) { return std::make_unique<VanishedPeer>(std::move(user), ticks); }
Harm half_closed_peer(std::string user) { return std::make_unique<HalfClosedPeer>(std::move(user)); }
Harm mute_peer(std::string user) { return std::make_unique<MutePeer>(std::move(user)); }
Harm reconnecter(std::string user, std::size_t users) { return std::make_unique<Reconnecter>(std::move(user), users); }
Harm chatter(std::string user) { return std::make_unique<Chatter>(std::move(user)); }

}  // namespace signalbox::test::hostile

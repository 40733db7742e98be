#include "server/clients/handshake.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "server/clients/connection.hpp"
#include "server/clients/upgrade.hpp"
#include "server/net/memory_watch.hpp"
#include "server/net/shard.hpp"
#include "server/readiness.hpp"

namespace signalbox {
namespace {

using boost::system::error_code;

/// How long a refused client may take to read its answer before the socket is closed under it.
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::size_t kReadBytes = 2048;

class Handshake final : public boost::intrusive_ref_counter<Handshake, boost::thread_unsafe_counter>,
                        public TimingWheel::Timer {
 public:
  using Ptr = boost::intrusive_ptr<Handshake>;

  Handshake(Shard& shard, Socket socket) : shard_(shard), socket_(std::move(socket)) {}
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;
  ~Handshake() override {
    leave_address();
    if (!handed_on_) shard_.context().sockets.release_socket();
  }

  void start() {
    error_code gone;
    const Socket::endpoint_type peer = socket_.remote_endpoint(gone);
    if (gone) return;
    address_ = address_key(peer.address());
    counted_ = shard_.context().sockets.admit_handshake(address_);
    if (!counted_) {  // whoever opens so many is told nothing: an answer is for those who have asked
      shard_.context().metrics.refuse(Refused::connections_per_ip);
      return;
    }
    arm(shard_.context().limits.handshake_timeout);
    read();
  }

 private:
  void arm(std::chrono::milliseconds delay) { shard_.wheel().arm(*this, shard_.wheel().now() + TimingWheel::ticks(delay)); }
  void expire() override {
    const Ptr self(this);
    error_code ignored;
    socket_.close(ignored);
  }

  /// Before the answer, so that a client who has it finds its place free.
  void leave_address() {
    if (std::exchange(counted_, false)) shard_.context().sockets.release_handshake(address_);
  }

  void read() {
    const std::size_t size = bytes_.size();
    bytes_.resize(size + kReadBytes);
    socket_.async_read_some(boost::asio::buffer(bytes_.data() + size, kReadBytes),
                            [self = Ptr(this), size](const error_code& ec, std::size_t count) {
                              self->bytes_.resize(size + count);
                              if (!ec) self->on_bytes();
                            });
  }

  void on_bytes() {
    http::RequestHead head;
    const http::HeadResult result = http::parse_head(bytes_, head);
    switch (result.kind) {
      case http::HeadResult::Kind::incomplete: read(); break;
      case http::HeadResult::Kind::refused:
        refuse({result.status, result.reason, {}, Mode::plain, std::nullopt, nullptr}, bytes_.starts_with("HEAD "));
        break;
      case http::HeadResult::Kind::complete: on_head(head, result.bytes); break;
    }
  }

  void on_head(const http::RequestHead& head, std::size_t head_bytes) {
    const ShardContext& context = shard_.context();
    UpgradeDecision decision =
        decide_upgrade(head, {shard_.allowed_origins(), context.readiness.draining(),
                              [&] { return context.readiness.reason(); }, context.config.server.permessage_deflate});
    if (decision.status != 101) {
      refuse(decision, head.method == "HEAD");
      return;
    }
    if (context.memory.is_short()) {
      refuse_beyond(Refused::memory, "limits.memory reached");
      return;
    }
    switch (context.sockets.admit_connection(address_)) {
      case SocketLimits::Admission::admitted: upgrade(std::move(decision), bytes_.substr(head_bytes)); break;
      case SocketLimits::Admission::full: refuse_beyond(Refused::connections, "limits.connections reached"); break;
      case SocketLimits::Admission::address_full:
        refuse_beyond(Refused::connections_per_ip, "limits.connections_per_ip reached");
        break;
    }
  }

  void refuse_beyond(Refused limit, const char* reason) {
    shard_.context().metrics.refuse(limit);
    refuse({503, reason, "Retry-After: 5\r\n", Mode::plain, std::nullopt, nullptr}, false);
  }

  /// It has been admitted.
  void upgrade(UpgradeDecision decision, std::string first_bytes) {
    leave_address();
    bytes_ = upgrade_text(decision);
    boost::asio::async_write(
        socket_, boost::asio::buffer(bytes_),
        [self = Ptr(this), opening = Connection::Opening{decision.mode, std::move(decision.user_name), decision.user_name_error,
                                                         std::move(first_bytes), address_, decision.deflate_window_bits}](
            const error_code& ec, std::size_t) mutable {
          self->disarm();
          if (ec) {
            self->shard_.context().sockets.release_connection(opening.address);
            return;
          }
          self->handed_on_ = true;
          Connection::open(self->shard_, std::move(self->socket_), std::move(opening));
        });
  }

  /// Keeps its place among the handshakes of its address until it is closed: else one address could hold any number.
  void refuse(const UpgradeDecision& decision, bool head_only) {
    bytes_ = refusal_text(decision, head_only);
    arm(kLinger);
    boost::asio::async_write(socket_, boost::asio::buffer(bytes_), [self = Ptr(this)](const error_code& ec, std::size_t) {
      if (ec) return;
      error_code ignored;
      self->socket_.shutdown(Socket::shutdown_send, ignored);
      self->discard();
    });
  }

  /// Reads on until the client closes: closing with bytes unread would reset the connection and take the answer with it.
  void discard() {
    bytes_.resize(kReadBytes);
    socket_.async_read_some(boost::asio::buffer(bytes_), [self = Ptr(this)](const error_code& ec, std::size_t) {
      if (!ec) self->discard();
    });
  }

  Shard& shard_;
  Socket socket_;
  std::string bytes_;
  AddressKey address_{};
  bool counted_ = false;  ///< among the handshakes of its address
  bool handed_on_ = false;
};

}  // namespace

void start_handshake(Shard& shard, Socket socket) {
  const Handshake::Ptr handshake(new Handshake(shard, std::move(socket)));
  handshake->start();
}

}  // namespace signalbox

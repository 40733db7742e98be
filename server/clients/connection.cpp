#include "server/clients/connection.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>

#include "core/users/user_key.hpp"
#include "server/clients/message_handler.hpp"
#include "server/net/shard.hpp"

namespace signalbox {
namespace {

using websocket::CloseCode;
using websocket::Event;
using websocket::Extension;
using websocket::Opcode;

/// A message of 64 KiB may arrive as 70 bytes: 2 KiB of them inflate to some 2 MiB, which takes milliseconds.
constexpr std::size_t kDeflatedReadBytes = 2048;
/// A compressed message counts once more for each of these that it inflates to.
constexpr std::size_t kInflatedBytesOfAMessage = 4096;

std::uint64_t next_connection_id() {
  static std::atomic<std::uint64_t> counter{0};
  return counter.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

/// The wait of an idle connection: one pointer, and its memory in the connection itself.
struct Connection::ReadHandler {
  Ptr connection;

  using allocator_type = HandlerAllocator<ReadHandler>;
  [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(connection->read_memory_); }

  void operator()(const boost::system::error_code& ec) const {
    if (ec || connection->phase_ == Phase::ended) return;
    connection->on_readable();
    connection->shard_.flush_dirty();
  }
};

/// Counts by how much the message that has been read in part grows or shrinks while this lives.
class Connection::InboundCount {
 public:
  explicit InboundCount(const Connection& connection) : connection_(connection), before_(held()) {}
  InboundCount(const InboundCount&) = delete;
  InboundCount& operator=(const InboundCount&) = delete;
  ~InboundCount() {
    if (held() != before_) connection_.shard_.context().metrics.inbound_queue_bytes.add(held() - before_);
  }

 private:
  [[nodiscard]] std::int64_t held() const noexcept { return static_cast<std::int64_t>(connection_.decoder_.held_bytes()); }

  const Connection& connection_;
  const std::int64_t before_;
};

Connection::Connection(Shard& shard, Socket socket, const Opening& opening)
    : shard_(shard),
      transport_(std::move(socket)),
      decoder_(websocket::Role::server, opening.deflate_window_bits == 0 ? Extension::none : Extension::permessage_deflate),
      rate_(shard.wheel().now()),
      id_(next_connection_id()),
      address_(opening.address),
      opened_(shard.wheel().now()),
      pinged_(opened_),
      mode_(opening.mode),
      deflate_window_bits_(opening.deflate_window_bits) {}

Connection::~Connection() {
  shard_.context().metrics.inbound_queue_bytes.add(-static_cast<std::int64_t>(decoder_.held_bytes()));
}

void Connection::open(Shard& shard, Socket socket, Opening opening) {
  const Ptr connection(new Connection(shard, std::move(socket), opening));
  intrusive_ptr_add_ref(connection.get());  // the shard's list holds it until end()
  shard.add(*connection);
  connection->arm_timer();
  connection->limit_writes();
  if (shard.stopping()) {
    connection->abort();
    return;
  }
  if (opening.user_name_error) {
    connection->refuse_name(opening.user_name_error);
  } else if (opening.user_name) {
    connection->register_user(*opening.user_name);
  }
  connection->take(opening.first_bytes);
  connection->wait_for_input();
  shard.flush_dirty();
}

void Connection::wait_for_input() {
  if (phase_ != Phase::ended) transport_.wait_readable(ReadHandler{Ptr(this)});
}

/// One buffer, then others get their turn: small frames without end would fill any loop here.
void Connection::on_readable() {
  std::span<char> scratch = shard_.scratch();
  if (deflate_window_bits_ != 0) scratch = scratch.first(kDeflatedReadBytes);
  const IoResult read = transport_.read(scratch);
  if (read.closed) {
    end();
    return;
  }
  if (!read.would_block) take(scratch.first(read.bytes));
  wait_for_input();
}

void Connection::take(std::span<char> input) {
  const InboundCount count(*this);
  while (phase_ != Phase::ended) {
    if (phase_ == Phase::closing) decoder_.discard_messages();
    const Event event = decoder_.next(input, shard_.decoder_limits());
    if (event.kind == Event::Kind::need_more) return;
    rate_.count(shard_.wheel().now());
    if (rate_.exceeds(shard_.context().limits.messages_per_second)) on_flood();
    on_event(event);
    if (event.kind == Event::Kind::error) return;
  }
}

void Connection::on_event(const Event& event) {
  if (event.kind == Event::Kind::close) {
    peer_closed_ = true;
    // RFC 6455 section 5.5.1: answered with the same code; without one there is none to answer with.
    close(event.code == CloseCode::no_status ? CloseCode::normal : event.code, {});
    if (!queue_) end();
    return;
  }
  if (phase_ != Phase::open) return;
  switch (event.kind) {
    case Event::Kind::text:
    case Event::Kind::binary: on_message(event); break;
    case Event::Kind::ping: answer_ping(event.payload); break;
    case Event::Kind::pong: on_pong(event.payload); break;
    case Event::Kind::error: close(event.code, event.payload); break;
    case Event::Kind::need_more:
    case Event::Kind::close: break;
  }
}

void Connection::on_message(const Event& event) {
  if (event.compressed) {
    std::vector<char> inflated;
    const Event message = shard_.deflate()->inflate(event, shard_.decoder_limits().message_bytes, inflated);
    rate_.count(shard_.wheel().now(), static_cast<std::uint32_t>(inflated.size() / kInflatedBytesOfAMessage));
    on_event(message);
  } else if (event.kind == Event::Kind::text) {
    shard_.context().messages.on_text(*this, event.payload);
  } else {
    shard_.context().messages.on_binary(*this, event.payload);
  }
}

/// Far more than any use of this server asks for: each costs the other clients time.
void Connection::on_flood() {
  constexpr const char* kReason = "limits.messages_per_second reached";
  if (phase_ == Phase::open) {
    shard_.context().log.limited(LineKind::loud_client, LogLevel::info, "connection {}: closed, {}", id_, kReason);
    close(CloseCode::policy_violation, kReason);
  } else if (rate_.exceeds(2 * shard_.context().limits.messages_per_second)) {
    end();  // it has been told, and goes on
  }
}

void Connection::answer_ping(std::string_view payload) {
  Frame::Ptr pong = Frame::own(Opcode::pong, payload);
  // RFC 6455 section 5.5.3: who does not read the pongs needs but the last one. Pings may come by the thousand in one turn:
  // whether their sender reads is asked as soon as there is a full write for it.
  if (queue_ && !write_waits_ && queue_->bytes() >= SendQueue::kWriteBytes) write_queue();
  if (queue_ && write_waits_) {
    const auto before = static_cast<std::int64_t>(queue_->bytes());
    if (queue_->replace_last_pong(pong)) {
      shard_.count_queued(static_cast<std::int64_t>(queue_->bytes()) - before);
      return;
    }
  }
  send(std::move(pong));
}

void Connection::register_user(std::string_view name) {
  const UserKey user = make_user_key(name, shard_.context().config.users.case_sensitive);
  if (user.error) {
    refuse_name(user.error);
  } else if (!user_) {
    if (shard_.users().add(*this, user.key)) {
      arm_timer();
    } else {
      refuse_beyond_limit();
    }
  } else if (*user_->key != user.key) {
    close(CloseCode::policy_violation, "registered for another user already");
  }
}

void Connection::refuse_name(const char* reason) {
  tell(error_text(word(errc::invalid_argument), reason));
  close(CloseCode::policy_violation, reason);
}

void Connection::count_ignored() { shard_.context().metrics.ignored_messages.add(); }

void Connection::refuse_beyond_limit() {
  constexpr const char* kReason = "limits.connections_per_user reached";
  shard_.context().metrics.refuse(Refused::connections_per_user);
  tell(error_text(word(errc::overloaded), kReason));
  close(CloseCode::try_again_later, kReason);
}

void Connection::on_standing(Standing standing, const Status& status) {
  if (phase_ != Phase::open) return;
  switch (standing) {
    case Standing::waiting: break;
    case Standing::confirmed:
      if (registration_counted_) break;
      registration_counted_ = true;
      shard_.context().metrics.registrations.add();
      tell(registered_text(*user_->key, shard_.context().instance_id, id_));
      break;
    case Standing::pending: tell(error_text(word(errc::unavailable), "registered as soon as the broker confirms it")); break;
    case Standing::refused:
      tell(error_text(status.code.message(), status.detail));
      close(CloseCode::policy_violation, "the broker refuses this user");
      break;
  }
}

void Connection::tell(const std::string& text) {
  if (mode_ == Mode::envelope) send(Frame::own(Opcode::text, text));
}

bool Connection::send(Frame::Ptr frame) {
  if (phase_ != Phase::open) return false;
  const std::size_t limit = shard_.context().limits.queue_bytes;
  // One batch may hold more for a user than the limit: only what the socket does not take counts. It is asked even while
  // a wait for it is pending, since the client may have read before the loop comes to say so.
  if (queue_ && queue_->bytes() + SendQueue::cost(*frame) > limit) write_queue();
  if (phase_ != Phase::open) return false;
  if (queue_ && queue_->bytes() + SendQueue::cost(*frame) > limit) {
    on_overflow();
    return false;
  }
  enqueue(std::move(frame));
  return true;
}

void Connection::enqueue(Frame::Ptr frame) {
  if (!queue_) queue_ = shard_.queues().take();
  shard_.count_queued(static_cast<std::int64_t>(SendQueue::cost(*frame)));
  queue_->push(std::move(frame));
  if (!dirty_ && !write_waits_) {
    dirty_ = true;
    shard_.mark_dirty(*this);
  }
}

void Connection::relieve() {
  const bool has_queue = queue_ != nullptr;
  if (has_queue) write_queue();
  if (has_queue && !queue_) return;
  if (phase_ == Phase::open) {
    log_slow(has_queue ? "it does not read" : "it does not end its message", "limits.queue_total_bytes");
    close(CloseCode::slow_consumer, "too slow");
    discard_inbound();
  } else {
    give_up();  // it does not even read that it is closed
  }
}

void Connection::log_slow(const char* reason, const char* limit) const {
  shard_.context().log.limited(LineKind::slow_client, LogLevel::info, "connection {}: closed, {}: {} reached", id_, reason,
                               limit);
}

void Connection::discard_inbound() {
  const InboundCount count(*this);
  decoder_.discard_messages();
}

void Connection::on_overflow() {
  log_slow("it does not read", "limits.queue_bytes");
  shard_.context().metrics.drop(Dropped::connection);  // the message that found no room
  close(CloseCode::slow_consumer, "too slow");
}

void Connection::flush() {
  assert(dirty_);
  dirty_ = false;
  if (queue_ && !write_waits_ && phase_ != Phase::ended) write_queue();
}

std::optional<Send> Connection::begin_flush() {
  if (!queue_ || write_waits_ || queue_->frames() != 1 || phase_ == Phase::ended) {
    flush();
    return std::nullopt;
  }
  assert(dirty_);
  dirty_ = false;
  std::array<iovec, SendQueue::kWritePieces> pieces;
  queue_->gather(pieces);
  return Send{transport_.descriptor(), pieces.front()};
}

void Connection::end_flush(int result) {
  assert(queue_);
  if (result > 0) written(static_cast<std::size_t>(result));
  write_queue();  // what was not sent, and why, the next attempt tells
}

void Connection::written(std::size_t bytes) {
  const auto before = static_cast<std::int64_t>(queue_->bytes());
  queue_->consume(bytes);
  shard_.count_queued(static_cast<std::int64_t>(queue_->bytes()) - before);
}

void Connection::write_queue() {
  while (!queue_->empty()) {
    std::array<iovec, SendQueue::kWritePieces> pieces;
    const std::size_t count = queue_->gather(pieces);
    const IoResult result = transport_.write(std::span(pieces).first(count));
    if (result.closed) {
      end();
      return;
    }
    if (result.would_block) {
      if (!write_waits_) wait_for_output();
      return;
    }
    written(result.bytes);
  }
  on_queue_empty();
}

void Connection::on_queue_empty() {
  shard_.queues().give_back(std::move(queue_));
  if (phase_ != Phase::closing) return;
  if (peer_closed_) {
    end();
  } else {
    transport_.shutdown();
  }
}

void Connection::wait_for_output() {
  write_waits_ = true;
  transport_.wait_writable([connection = Ptr(this)](const boost::system::error_code& ec) {
    connection->write_waits_ = false;
    // Not flush(): it may stand in the shard's list besides, and stays marked until that is worked off.
    if (!ec && connection->queue_ && connection->phase_ != Phase::ended) connection->write_queue();
  });
}

void Connection::close(CloseCode code, std::string_view reason) {
  if (phase_ != Phase::open) return;
  leave_user();
  shard_.context().metrics.closed(static_cast<std::uint16_t>(code));
  // A slow reader's backlog is lost; everybody else gets what was queued before the close.
  if (code == CloseCode::slow_consumer && queue_) {
    const auto before = static_cast<std::int64_t>(queue_->bytes());
    shard_.context().metrics.drop(Dropped::connection, queue_->drop_unwritten());
    shard_.count_queued(static_cast<std::int64_t>(queue_->bytes()) - before);
  }
  enqueue(Frame::own(Opcode::close, websocket::close_payload(code, reason)));
  phase_ = Phase::closing;
  shard_.wheel().arm(*this, shard_.wheel().now() + TimingWheel::ticks(kCloseTimeout));
}

void Connection::drain(std::uint32_t reconnect_in_ms) {
  tell(draining_text(reconnect_in_ms));
  close(CloseCode::going_away, "the server is draining");
}

void Connection::abort() { end(); }

void Connection::give_up() {
  transport_.reset_at_close();
  end();
}

void Connection::leave_user() {
  if (user_) shard_.users().remove(*this);
}

void Connection::end() {
  if (phase_ == Phase::ended) return;
  leave_user();
  const bool unannounced = phase_ == Phase::open;
  phase_ = Phase::ended;
  if (unannounced) shard_.context().metrics.closed(1006);  // RFC 6455 section 7.1.5: no close frame
  if (queue_) {
    shard_.count_queued(-static_cast<std::int64_t>(queue_->bytes()));
    shard_.context().metrics.drop(Dropped::connection, queue_->frames() - (unannounced ? 0 : 1));  // the close frame is no loss
    shard_.queues().give_back(std::move(queue_));
  }
  disarm();
  transport_.close();
  shard_.remove(*this);
  shard_.context().sockets.release_connection(address_);
  shard_.context().sockets.release_socket();
  intrusive_ptr_release(this);  // the list's; whoever called holds another
}

}  // namespace signalbox

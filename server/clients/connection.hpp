// One WebSocket: codec, transport and queue, and the user it is registered for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/intrusive/list_hook.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "core/users/user_registry.hpp"
#include "server/clients/client_message.hpp"
#include "server/clients/frame.hpp"
#include "server/clients/handler_memory.hpp"
#include "server/clients/message_rate.hpp"
#include "server/clients/send_queue.hpp"
#include "server/clients/transport.hpp"
#include "server/net/address_counts.hpp"
#include "server/net/send_ring.hpp"
#include "server/net/timing_wheel.hpp"
#include "websocket/decoder.hpp"

namespace signalbox {

class Shard;
struct LocalUser;

/// From the end of its handshake to the end of its socket. Lives in its shard's lists and in the handlers that wait for it.
///
/// Threading: the shard's.
class Connection final : public boost::intrusive_ref_counter<Connection, boost::thread_unsafe_counter>,
                         public TimingWheel::Timer,
                         public boost::intrusive::list_base_hook<> {
 public:
  using Ptr = boost::intrusive_ptr<Connection>;

  /// What the handshake has found out.
  struct Opening {
    Mode mode = Mode::plain;
    std::optional<std::string> user_name;   ///< of the URL
    const char* user_name_error = nullptr;  ///< why the URL's can't be read; static text
    std::string first_bytes;                ///< that arrived together with the request
    AddressKey address{};                   ///< as admitted by SocketLimits
    std::uint8_t deflate_window_bits = 0;   ///< as negotiated (ExtensionAnswer); 0: no permessage-deflate
  };

  /// Starts to read. The WebSocket has been admitted by SocketLimits, and its socket counted.
  static void open(Shard& shard, Socket socket, Opening opening);
  ~Connection() override;

  [[nodiscard]] Mode mode() const noexcept { return mode_; }
  /// How far back deflated messages to this client may refer; 0: they must not be deflated.
  [[nodiscard]] unsigned deflate_window_bits() const noexcept { return deflate_window_bits_; }

  /// Queues a frame; it is written at the end of the shard's batch. False if it is not taken: the connection is closing, or
  /// is closed now, 4008, since limits.queue_bytes would be exceeded.
  bool send(Frame::Ptr frame);
  /// Envelope mode: queues one text of the server's own. Plain mode: nothing.
  void tell(const std::string& text);

  /// Says so to the client, forgets the user, and ends when the client has answered or kCloseTimeout is over.
  void close(websocket::CloseCode code, std::string_view reason);
  /// Closes with 4008 and frees what waits, unless that is a queue which the socket takes now.
  void relieve();
  /// Ends at once, without a word.
  void abort();

  /// Registers, or closes with 1008 where the name is none or another than before, 1013 beyond limits.connections_per_user.
  void register_user(std::string_view name);
  /// Closes with 1008.
  void refuse_name(const char* reason);
  [[nodiscard]] bool has_user() const noexcept { return user_ != nullptr; }
  /// A message of the client's means nothing here.
  void count_ignored();

  /// The broker's answer to the registration has come or changed.
  void on_standing(Standing standing, const Status& status);
  /// Writes as much of the queue as the socket takes.
  void flush();
  /// The first half of a flush: what is to be sent, if one piece is all that waits; nothing if it has been seen to here.
  std::optional<Send> begin_flush();
  /// The second, without anything between that could reach this connection: `result` as of Send.
  void end_flush(int result);
  /// Has the kernel end it where it takes nothing for longer than one that answers no ping can stay, as the limits say now:
  /// that ends those that take nothing and yet send pongs.
  void limit_writes();
  /// What its queue and the message that it has sent in part take of memory.
  [[nodiscard]] std::size_t waiting_bytes() const noexcept { return (queue_ ? queue_->bytes() : 0) + decoder_.held_bytes(); }
  [[nodiscard]] bool is_open() const noexcept { return phase_ == Phase::open; }
  /// The shard drains: says so, then closes.
  void drain(std::uint32_t reconnect_in_ms);

 private:
  friend class UserTable;  // links the connections of a user
  struct ReadHandler;
  class InboundCount;

  enum class Phase : std::uint8_t { open, closing, ended };

  Connection(Shard& shard, Socket socket, const Opening& opening);

  void wait_for_input();
  void on_readable();
  void take(std::span<char> input);
  void discard_inbound();
  void on_event(const websocket::Event& event);
  void on_flood();
  void answer_ping(std::string_view payload);
  void on_message(const websocket::Event& event);
  void refuse_beyond_limit();
  void enqueue(Frame::Ptr frame);
  void written(std::size_t bytes);
  void write_queue();
  void wait_for_output();
  void on_queue_empty();
  void on_overflow();
  void log_slow(const char* reason, const char* limit) const;
  void leave_user();
  /// Ends with a reset: the kernel need not keep what the client does not take.
  void give_up();
  void end();

  // connection_deadlines.cpp
  void expire() override;
  void on_pong(std::string_view payload);
  void send_ping();
  void arm_timer();
  [[nodiscard]] TimingWheel::Tick register_due() const;
  [[nodiscard]] TimingWheel::Tick ping_due() const;
  [[nodiscard]] TimingWheel::Tick pong_due() const;

  Shard& shard_;
  Transport transport_;
  websocket::Decoder decoder_;
  MessageRate rate_;  // here it fills a hole
  HandlerMemory read_memory_;
  std::unique_ptr<SendQueue> queue_;  ///< null while nothing waits
  LocalUser* user_ = nullptr;
  Connection* next_of_user_ = nullptr;
  Connection* previous_of_user_ = nullptr;
  const std::uint64_t id_;
  const AddressKey address_;
  const TimingWheel::Tick opened_;
  TimingWheel::Tick pinged_;  ///< when the last ping was sent; before the first, when it opened
  Mode mode_;
  const std::uint8_t deflate_window_bits_;
  Phase phase_ = Phase::open;
  bool dirty_ : 1 = false;        ///< in the shard's list of connections to flush
  bool write_waits_ : 1 = false;  ///< the socket is full
  bool peer_closed_ : 1 = false;  ///< the peer's close frame has come
  bool registration_counted_ : 1 = false;
  std::uint32_t awaited_pong_ = 0;  ///< what the last ping said and its pong has to; 0: none is awaited
};

/// How long a client may take to answer a close.
inline constexpr std::chrono::milliseconds kCloseTimeout{5000};

}  // namespace signalbox

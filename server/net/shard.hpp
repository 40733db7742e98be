// One thread's share of the connections: its loop, its timers, and the batches that other threads hand over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include "core/config/config.hpp"
#include "core/config/live_limits.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/users/user_registry.hpp"
#include "server/clients/frame.hpp"
#include "server/clients/message_deflate.hpp"
#include "server/clients/send_queue.hpp"
#include "server/clients/user_table.hpp"
#include "server/net/flusher.hpp"
#include "server/net/limits.hpp"
#include "server/net/queue_total.hpp"
#include "server/net/timing_wheel.hpp"

namespace signalbox {

class MemoryWatch;
class MessageHandler;
class Readiness;

/// What all shards of an instance share. Lifetime: outlives them.
struct ShardContext {
  const Config& config;
  const std::string& instance_id;
  UserRegistry& registry;
  const LiveLimits& limits;
  SocketLimits& sockets;
  const MemoryWatch& memory;
  QueueTotal& queue_total;
  const Readiness& readiness;
  const MessageHandler& messages;
  Metrics& metrics;
  Log& log;
};

/// What other threads have to say to a shard's connections, besides messages.
struct GapNotice {
  std::string user_key;  ///< empty: every user
  std::string reason;
};
struct StandingNotice {
  std::string user_key;
  Standing standing;
  std::error_code code;
  std::string detail;
};
struct DisconnectNotice {
  std::string user_key;
};
using Notice = std::variant<GapNotice, StandingNotice, DisconnectNotice>;

/// Threading: the shard's own thread, except where a function says any thread.
class Shard {
 public:
  Shard(unsigned index, const ShardContext& context);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard();

  /// Runs the loop until stop(). A handler that throws is logged and does not end it.
  void run();
  /// Any thread: ends every connection and then run().
  void stop();
  /// Any thread: closes the connections evenly over `over`.
  void drain(std::chrono::milliseconds over);

  /// Any thread: the origins that may connect from now on, and for connections that are open what the limits say now.
  void reload(std::vector<std::string> allowed_origins);

  /// Any thread: hands over one batch of messages, in order, at the price of one lock and at most one wake. Beyond
  /// limits.handover_bytes the newest are dropped and counted, and their users told of a gap.
  void hand_over(std::span<const Frame::Ptr> frames);
  /// Any thread: hands over a notice, in order with the messages.
  void notify(Notice notice);
  // For this shard's connections and handshakes.
  [[nodiscard]] const ShardContext& context() const noexcept { return context_; }
  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }
  [[nodiscard]] TimingWheel& wheel() noexcept { return wheel_; }
  [[nodiscard]] UserTable& users() noexcept { return users_; }
  [[nodiscard]] SendQueuePool& queues() noexcept { return queues_; }
  [[nodiscard]] std::span<char> scratch() noexcept { return scratch_; }
  [[nodiscard]] const std::vector<std::string>& allowed_origins() const noexcept { return allowed_origins_; }
  [[nodiscard]] const websocket::DecoderLimits& decoder_limits() const noexcept { return decoder_limits_; }
  /// Null where server.permessage_deflate is off.
  [[nodiscard]] MessageDeflate* deflate() noexcept { return deflate_.get(); }
  void add(Connection& connection);
  void remove(Connection& connection);
  /// The connection has something to write: flush_dirty() at the end of the handler does it, or a later turn.
  void mark_dirty(Connection& connection) { flusher_.mark(connection); }
  void flush_dirty();
  /// Bytes that came into a connection's queue, or left it.
  void count_queued(std::int64_t bytes) noexcept { queued_bytes_ += bytes; }
  /// Whether stop() has begun: nothing new is to be started.
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }

 private:
  using Item = std::variant<Frame::Ptr, std::unique_ptr<Notice>>;

  /// What waits to be taken over by the shard's thread.
  struct Mailbox {
    std::mutex mutex;
    std::vector<Item> items;
    std::size_t bytes = 0;                    ///< of items: here and in taken_
    std::unordered_set<std::string> dropped;  ///< users who have lost a message and will be told; with an empty one: all
    std::unordered_set<std::string> ordered;  ///< users to be disconnected whose notice found no room
    bool awake = false;                       ///< a turn is on its way
  };

  void note_loss(std::string_view user_key);
  void wake_locked(std::unique_lock<std::mutex>& lock);
  void turn();
  void flush_some();
  void take_items();
  void handle_some(std::size_t& bytes);
  void handle(Item& item);
  void handle_notice(const Notice& notice);
  void tell_all(const std::string& text);
  void schedule_tick();
  void on_tick();
  void relieve();
  void drain_some();

  const unsigned index_;
  const ShardContext& context_;
  const websocket::DecoderLimits decoder_limits_;
  std::vector<std::string> allowed_origins_;
  TimingWheel wheel_;  // before io_, whose end destroys what is still timed
  boost::asio::io_context io_;
  boost::asio::steady_timer tick_;
  UserTable users_;
  SendQueuePool queues_;
  std::vector<char> scratch_;
  const std::unique_ptr<MessageDeflate> deflate_;
  boost::intrusive::list<Connection, boost::intrusive::constant_time_size<false>> connections_;
  Flusher flusher_;

  Mailbox mailbox_;
  std::vector<Item> taken_;
  std::size_t taken_at_ = 0;  ///< how many of them are handled
  bool gap_owed_ = false;     ///< one of them could not be

  // Counted here, and into the shared metrics once a turn.
  std::uint64_t delivered_ = 0;
  std::int64_t queued_bytes_ = 0;

  TimingWheel::Clock::time_point drain_ends_{};
  double drain_share_ = 0;  ///< what rounding has left of the connections to close
  bool draining_ = false;
  bool stopping_ = false;
};

}  // namespace signalbox

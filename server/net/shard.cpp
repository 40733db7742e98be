#include "server/net/shard.hpp"

#include <algorithm>
#include <exception>
#include <random>
#include <utility>

#include <boost/asio/post.hpp>
#include <pthread.h>
#include <time.h>

#include "server/clients/client_message.hpp"
#include "server/net/prefetch.hpp"

namespace signalbox {
namespace {

/// Items and bytes handled before other handlers get their turn: some milliseconds of work each.
constexpr std::size_t kItemsPerTurn = 16 * 1024;
constexpr std::size_t kBytesPerTurn = 1024 * 1024;
/// Read from one socket before others get their turn: some thousands of the smallest frames, so about a millisecond. One buffer
/// a shard: an idle connection has none.
constexpr std::size_t kScratchBytes = 16 * 1024;
/// Beyond as many users who have lost messages, everybody is told.
constexpr std::size_t kMaxDroppedUsers = 10'000;
/// How far apart clients come back after a drain, at most.
constexpr std::uint32_t kMaxReconnectMs = 5'000;

/// Of a frame: its head and the beginning of the payload, which is all of most.
constexpr std::size_t kFramePrefetchBytes = 256;

std::size_t bytes_of(const Notice& notice) {
  if (const auto* gap = std::get_if<GapNotice>(&notice)) return sizeof(Notice) + gap->user_key.size() + gap->reason.size();
  if (const auto* standing = std::get_if<StandingNotice>(&notice)) {
    return sizeof(Notice) + standing->user_key.size() + standing->detail.size();
  }
  return sizeof(Notice) + std::get<DisconnectNotice>(notice).user_key.size();
}

/// What an item takes of limits.handover_bytes.
std::size_t bytes_of(const std::variant<Frame::Ptr, std::unique_ptr<Notice>>& item) {
  if (const auto* frame = std::get_if<Frame::Ptr>(&item)) return *frame ? (*frame)->bytes() : 0;
  return bytes_of(*std::get<std::unique_ptr<Notice>>(item));
}

std::chrono::nanoseconds thread_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Null where it is not wanted or can't be had.
std::unique_ptr<SendRing> make_ring(unsigned shard, const ShardContext& context) {
  if (!context.config.server.io_uring) return nullptr;
  std::error_code ec;
  std::unique_ptr<SendRing> ring = SendRing::make(ec);
  if (ec && shard == 0) context.log.info("server.io_uring: not to be had here ({}): done without", ec.message());
  return ring;
}

/// Says at its end that the queues that QueueTotal::report() named are closed, also where closing them threw: what is left of
/// them is reported again at the next tick.
class ClosingQueues {
 public:
  ClosingQueues(QueueTotal& total, unsigned shard) : total_(total), shard_(shard) {}
  ClosingQueues(const ClosingQueues&) = delete;
  ClosingQueues& operator=(const ClosingQueues&) = delete;
  ~ClosingQueues() { total_.closed(shard_); }

 private:
  QueueTotal& total_;
  const unsigned shard_;
};

}  // namespace

Shard::Shard(unsigned index, const ShardContext& context)
    : index_(index),
      context_(context),
      decoder_limits_{context.config.limits.message_bytes, websocket::DecoderLimits{}.fragments},
      allowed_origins_(context.config.server.allowed_origins),
      wheel_(TimingWheel::Clock::now()),
      io_(1),
      tick_(io_),
      users_(context.registry, index),
      scratch_(kScratchBytes),
      deflate_(context.config.server.permessage_deflate ? std::make_unique<MessageDeflate>() : nullptr),
      flusher_(make_ring(index, context)) {
  schedule_tick();
}

Shard::~Shard() = default;

void Shard::run() {
  pthread_setname_np(pthread_self(), ("shard-" + std::to_string(index_)).c_str());
  const auto guard = boost::asio::make_work_guard(io_);
  while (!io_.stopped()) {
    try {
      io_.run();
    } catch (const std::exception& e) {
      context_.log.limited(LineKind::failed_handler, LogLevel::error, "shard {}: a handler failed: {}", index_, e.what());
    }
  }
}

void Shard::stop() {
  boost::asio::post(io_, [this] {
    stopping_ = true;
    tick_.cancel();
    while (!connections_.empty()) connections_.front().abort();
    // The waits that were cut get their turn before the loop ends.
    boost::asio::post(io_, [this] { io_.stop(); });
  });
}

void Shard::reload(std::vector<std::string> allowed_origins) {
  boost::asio::post(io_, [this, origins = std::move(allowed_origins)]() mutable {
    allowed_origins_ = std::move(origins);
    for (Connection& connection : connections_) connection.limit_writes();
  });
}

void Shard::add(Connection& connection) {
  connections_.push_back(connection);
  context_.metrics.connections.add(1);
}

void Shard::remove(Connection& connection) {
  connections_.erase(connections_.iterator_to(connection));
  context_.metrics.connections.add(-1);
}

void Shard::wake_locked(std::unique_lock<std::mutex>& lock) {
  const bool wake = !std::exchange(mailbox_.awake, true);
  lock.unlock();
  if (wake) boost::asio::post(io_, [this] { turn(); });
}

/// With the mailbox locked: messages to this user are lost, and the user will be told.
void Shard::note_loss(std::string_view user_key) {
  mailbox_.dropped.emplace(mailbox_.dropped.size() < kMaxDroppedUsers ? user_key : std::string_view());
}

void Shard::hand_over(std::span<const Frame::Ptr> frames) {
  std::unique_lock lock(mailbox_.mutex);
  const std::size_t before = mailbox_.bytes;
  for (const Frame::Ptr& frame : frames) {
    if (mailbox_.bytes + frame->bytes() > context_.limits.handover_bytes) {
      context_.metrics.drop(Dropped::handover);
      note_loss(frame->user_key());
      continue;
    }
    mailbox_.bytes += frame->bytes();
    mailbox_.items.emplace_back(frame);
  }
  context_.metrics.handover_queue_bytes.add(static_cast<std::int64_t>(mailbox_.bytes - before));
  wake_locked(lock);
}

void Shard::notify(Notice notice) {
  auto item = std::make_unique<Notice>(std::move(notice));
  const std::size_t bytes = bytes_of(*item);
  std::unique_lock lock(mailbox_.mutex);
  // Standings are as many as there are users, and never dropped. A gap is not lost, it only grows to more users; an order to
  // disconnect has been promised to the back end, and is kept once for each user.
  const bool full = mailbox_.bytes + bytes > context_.limits.handover_bytes;
  if (const auto* gap = std::get_if<GapNotice>(item.get()); gap && full) {
    note_loss(gap->user_key);
  } else if (const auto* order = std::get_if<DisconnectNotice>(item.get()); order && full) {
    mailbox_.ordered.insert(order->user_key);
  } else {
    mailbox_.bytes += bytes;
    mailbox_.items.emplace_back(std::move(item));
    context_.metrics.handover_queue_bytes.add(static_cast<std::int64_t>(bytes));
  }
  wake_locked(lock);
}

/// Takes over the next batch, and behind its messages the gaps and orders for which there was no room.
void Shard::take_items() {
  taken_.clear();
  taken_at_ = 0;
  std::unordered_set<std::string> dropped;
  std::unordered_set<std::string> ordered;
  const std::lock_guard lock(mailbox_.mutex);
  taken_.swap(mailbox_.items);
  dropped.swap(mailbox_.dropped);
  ordered.swap(mailbox_.ordered);
  if (dropped.contains(std::string())) dropped = {std::string()};
  const auto take = [&](Notice notice) {
    taken_.emplace_back(std::make_unique<Notice>(std::move(notice)));
    mailbox_.bytes += bytes_of(taken_.back());
    context_.metrics.handover_queue_bytes.add(static_cast<std::int64_t>(bytes_of(taken_.back())));
  };
  for (const std::string& key : dropped) {
    context_.metrics.gaps.add();
    take(GapNotice{key, "limits.handover_bytes reached"});
  }
  for (const std::string& key : ordered) take(DisconnectNotice{key});
  if (!gap_owed_) return;
  take(GapNotice{{}, "a message was lost within the server"});
  context_.metrics.gaps.add();
  gap_owed_ = false;
}

/// One batch or a part of it. Whatever a handler throws, the next turn comes.
void Shard::turn() {
  if (stopping_) return;
  std::size_t bytes = 0;
  try {
    if (taken_at_ == taken_.size()) take_items();
    handle_some(bytes);
    flush_some();
  } catch (const std::exception& e) {
    gap_owed_ = true;  // to everybody: nothing is left that says whose it was
    context_.log.limited(LineKind::failed_handler, LogLevel::error, "shard {}: a message was lost: {}", index_, e.what());
  }
  context_.metrics.delivered.add(std::exchange(delivered_, 0));
  context_.metrics.handover_queue_bytes.add(-static_cast<std::int64_t>(bytes));

  std::unique_lock lock(mailbox_.mutex);
  mailbox_.bytes -= bytes;
  mailbox_.awake = taken_at_ < taken_.size() || gap_owed_ || !flusher_.empty() || !mailbox_.items.empty() ||
                   !mailbox_.dropped.empty() || !mailbox_.ordered.empty();
  const bool more = mailbox_.awake;
  lock.unlock();
  if (more) boost::asio::post(io_, [this] { turn(); });
}

void Shard::handle_some(std::size_t& bytes) {
  for (std::size_t items = 0; taken_at_ < taken_.size() && items < kItemsPerTurn && bytes < kBytesPerTurn; ++items) {
    if (taken_at_ + kAhead < taken_.size()) {
      if (const auto* frame = std::get_if<Frame::Ptr>(&taken_[taken_at_ + kAhead])) prefetch(frame->get(), kFramePrefetchBytes);
    }
    Item& item = taken_[taken_at_++];
    bytes += bytes_of(item);
    handle(item);
  }
}

void Shard::handle(Item& item) {
  if (auto* frame = std::get_if<Frame::Ptr>(&item)) {
    const UserTable::Delivery delivery = users_.deliver(*frame, deflate_.get());
    delivered_ += delivery.queued;
    if (delivery.receivers == 0) context_.metrics.drop(Dropped::no_receiver);
    frame->reset();
  } else {
    handle_notice(*std::get<std::unique_ptr<Notice>>(item));
  }
}

void Shard::handle_notice(const Notice& notice) {
  if (const auto* gap = std::get_if<GapNotice>(&notice)) {
    gap->user_key.empty() ? tell_all(gap_text(gap->reason)) : users_.gap(gap->user_key, gap->reason);
  } else if (const auto* standing = std::get_if<StandingNotice>(&notice)) {
    users_.on_standing(standing->user_key, standing->standing, {standing->code, standing->detail});
  } else {
    users_.disconnect(std::get<DisconnectNotice>(notice).user_key);
  }
}

/// In one handler, which takes 0.3 to 0.4 us a connection (bench_recovery): 7 ms for 17,000.
void Shard::tell_all(const std::string& text) {
  const std::chrono::nanoseconds before = thread_time();
  const Frame::Ptr frame = Frame::own(websocket::Opcode::text, text);
  for (auto it = connections_.begin(); it != connections_.end();) {
    Connection& connection = *it++;
    if (connection.mode() == Mode::envelope) connection.send(frame);
  }
  context_.log.debug("shard {}: a gap to all took {} us of CPU time", index_, (thread_time() - before).count() / 1000);
}

void Shard::flush_dirty() {
  flush_some();
  if (flusher_.empty()) return;
  std::unique_lock lock(mailbox_.mutex);
  wake_locked(lock);
}

void Shard::flush_some() {
  flusher_.flush_some();
  context_.metrics.connection_queue_bytes.add(std::exchange(queued_bytes_, 0));
}

void Shard::schedule_tick() {
  tick_.expires_after(TimingWheel::kTick);
  tick_.async_wait([this](const boost::system::error_code& ec) {
    if (ec) return;
    schedule_tick();  // first, so that nothing thrown below ends the ticking
    on_tick();
  });
}

void Shard::on_tick() {
  wheel_.advance(TimingWheel::Clock::now());
  if (draining_) drain_some();
  flush_dirty();
  relieve();
  context_.log.tell_left_out();
}

/// This shard's part in keeping limits.queue_total_bytes.
void Shard::relieve() {
  QueueTotal& total = context_.queue_total;
  if (!total.is_exceeded()) {
    total.forget();
    return;
  }
  std::vector<Connection::Ptr> waiting;
  std::vector<std::size_t> sizes;
  for (Connection& connection : connections_) {
    if (connection.waiting_bytes() == 0) continue;
    waiting.emplace_back(&connection);
    sizes.push_back(connection.waiting_bytes());
  }
  const std::size_t count = total.report(index_, std::move(sizes));
  if (count == 0) return;
  const ClosingQueues closing(total, index_);
  std::partial_sort(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(count), waiting.end(),
                    [](const auto& a, const auto& b) { return a->waiting_bytes() > b->waiting_bytes(); });
  context_.log.limited(LineKind::queue_total, LogLevel::warning,
                       "limits.queue_total_bytes reached: shard {} closes the {} of its {} connections for which most waits",
                       index_, count, waiting.size());
  for (std::size_t i = 0; i < count; ++i) waiting[i]->relieve();
  flush_dirty();
}

void Shard::drain(std::chrono::milliseconds over) {
  boost::asio::post(io_, [this, over] {
    draining_ = true;
    drain_ends_ = TimingWheel::Clock::now() + over;
  });
}

/// Closes this tick's share of the connections that are left, so that all are closed when the time is over.
void Shard::drain_some() {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(drain_ends_ - TimingWheel::Clock::now());
  const auto ticks = std::max<std::int64_t>(left / TimingWheel::kTick, 1);
  std::size_t open = 0;
  for (const Connection& connection : connections_) {
    if (connection.is_open()) ++open;
  }
  drain_share_ += static_cast<double>(open) / static_cast<double>(ticks);
  auto share = static_cast<std::size_t>(drain_share_);
  drain_share_ -= static_cast<double>(share);
  static thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<std::uint32_t> reconnect_in(0, kMaxReconnectMs);
  for (auto it = connections_.begin(); it != connections_.end() && share > 0;) {
    Connection& connection = *it++;
    if (!connection.is_open()) continue;
    connection.drain(reconnect_in(random));
    --share;
  }
}

}  // namespace signalbox

#include "server/net/shard.hpp"

#include <boost/asio/post.hpp>
#include <pthread.h>

#include <algorithm>
#include <exception>
#include <random>
#include <utility>

#include "server/clients/client_message.hpp"

namespace signalbox {
namespace {

/// Items queued and connections flushed before other handlers get their turn: some milliseconds of work each.
constexpr std::size_t kItemsPerTurn = 16 * 1024;
constexpr std::size_t kFlushesPerTurn = 1024;
/// Read at once from one socket. One buffer a shard: an idle connection has none.
constexpr std::size_t kScratchBytes = 64 * 1024;
/// Beyond as many users who have lost messages, everybody is told.
constexpr std::size_t kMaxDroppedUsers = 10'000;
/// How far apart clients come back after a drain, at most.
constexpr std::uint32_t kMaxReconnectMs = 5'000;

}  // namespace

Shard::Shard(unsigned index, const ShardContext& context)
    : index_(index),
      context_(context),
      decoder_limits_{context.config.limits.message_bytes, websocket::DecoderLimits{}.fragments},
      wheel_(TimingWheel::Clock::now()),
      io_(1),
      tick_(io_),
      users_(context.registry, index),
      scratch_(kScratchBytes) {
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
      context_.log.error("shard {}: a handler failed: {}", index_, e.what());
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

void Shard::add(Connection& connection) {
  connections_.push_back(connection);
  connection_count_.fetch_add(1, std::memory_order_relaxed);
  context_.metrics.connections.add(1);
}

void Shard::remove(Connection& connection) {
  connections_.erase(connections_.iterator_to(connection));
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  context_.metrics.connections.add(-1);
}

void Shard::wake_locked(std::unique_lock<std::mutex>& lock) {
  const bool wake = !std::exchange(mailbox_.awake, true);
  lock.unlock();
  if (wake) boost::asio::post(io_, [this] { turn(); });
}

void Shard::hand_over(std::span<const Frame::Ptr> frames) {
  std::unique_lock lock(mailbox_.mutex);
  const std::size_t limit = context_.config.limits.handover_bytes;
  std::size_t added = 0;
  for (const Frame::Ptr& frame : frames) {
    if (mailbox_.bytes + frame->bytes() > limit) {
      context_.metrics.drop(Dropped::handover);
      if (mailbox_.dropped.size() <= kMaxDroppedUsers) mailbox_.dropped.emplace(frame->user_key());
      continue;
    }
    mailbox_.bytes += frame->bytes();
    added += frame->bytes();
    mailbox_.items.emplace_back(frame);
  }
  context_.metrics.handover_queue_bytes.add(static_cast<std::int64_t>(added));
  wake_locked(lock);
}

void Shard::notify(Notice notice) {
  auto item = std::make_unique<Notice>(std::move(notice));
  std::unique_lock lock(mailbox_.mutex);
  mailbox_.items.emplace_back(std::move(item));
  wake_locked(lock);
}

/// Takes over the next batch, and turns the drops that came with it into gaps behind its messages.
void Shard::take_items() {
  taken_.clear();
  taken_at_ = 0;
  std::unordered_set<std::string> dropped;
  {
    const std::lock_guard lock(mailbox_.mutex);
    taken_.swap(mailbox_.items);
    dropped.swap(mailbox_.dropped);
  }
  const bool everybody = dropped.size() > kMaxDroppedUsers;
  if (everybody) dropped = {std::string()};
  for (const std::string& key : dropped) {
    context_.metrics.gaps.add();
    taken_.emplace_back(std::make_unique<Notice>(GapNotice{key, "limits.handover_bytes reached"}));
  }
}

void Shard::turn() {
  if (stopping_) return;
  if (taken_at_ == taken_.size()) take_items();
  const std::size_t end = std::min(taken_.size(), taken_at_ + kItemsPerTurn);
  std::size_t bytes = 0;
  std::size_t delivered = 0;
  for (; taken_at_ < end; ++taken_at_) {
    if (const auto* frame = std::get_if<Frame::Ptr>(&taken_[taken_at_])) bytes += (*frame)->bytes();
    handle(taken_[taken_at_], delivered);
  }
  context_.metrics.delivered.add(delivered);
  context_.metrics.handover_queue_bytes.add(-static_cast<std::int64_t>(bytes));
  flush_some();

  std::unique_lock lock(mailbox_.mutex);
  mailbox_.bytes -= bytes;
  mailbox_.awake = taken_at_ < taken_.size() || !dirty_.empty() || !mailbox_.items.empty() || !mailbox_.dropped.empty();
  const bool more = mailbox_.awake;
  lock.unlock();
  if (more) boost::asio::post(io_, [this] { turn(); });
}

void Shard::handle(Item& item, std::size_t& delivered) {
  if (auto* frame = std::get_if<Frame::Ptr>(&item)) {
    const std::size_t receivers = users_.deliver(*frame);
    delivered += receivers;
    if (receivers == 0) context_.metrics.drop(Dropped::no_receiver);
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

void Shard::tell_all(const std::string& text) {
  for (auto it = connections_.begin(); it != connections_.end();) (it++)->tell(text);
}

void Shard::flush_dirty() {
  flush_some();
  if (dirty_.empty()) return;
  std::unique_lock lock(mailbox_.mutex);
  wake_locked(lock);
}

void Shard::flush_some() {
  const std::size_t count = std::min(dirty_.size(), kFlushesPerTurn);
  for (std::size_t i = 0; i < count; ++i) {
    const Connection::Ptr connection = std::move(dirty_[i]);
    connection->flush();
  }
  dirty_.erase(dirty_.begin(), dirty_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Shard::schedule_tick() {
  tick_.expires_after(TimingWheel::kTick);
  tick_.async_wait([this](const boost::system::error_code& ec) {
    if (ec) return;
    on_tick();
    schedule_tick();
  });
}

void Shard::on_tick() {
  wheel_.advance(TimingWheel::Clock::now());
  if (draining_) drain_some();
  flush_dirty();
}

void Shard::drain(std::chrono::milliseconds over) {
  boost::asio::post(io_, [this, over] {
    draining_ = true;
    drain_ends_ = TimingWheel::Clock::now() + over;
    drain_some();
    flush_dirty();
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
  std::size_t share = (open + static_cast<std::size_t>(ticks) - 1) / static_cast<std::size_t>(ticks);
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

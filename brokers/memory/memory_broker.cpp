#include "brokers/memory/memory_broker.hpp"

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "brokers/common/budget.hpp"
#include "brokers/common/channel.hpp"
#include "brokers/common/intake.hpp"
#include "brokers/common/time.hpp"

namespace signalbox {
namespace {

using brokers::Call;
using brokers::Clock;

constexpr std::size_t kMessageOverhead = 64;
constexpr std::size_t kCallBytes = 256;  // what waits of a call; its message is counted at the receivers

/// One published message, shared by the queues of all its receivers.
struct Packet {
  std::string channel;
  std::string payload;

  [[nodiscard]] std::size_t cost() const noexcept { return channel.size() + payload.size() + kMessageOverhead; }
};

/// A call that has taken effect and is to be told its outcome: its refusal, or that it went well.
struct Completion {
  Call call;
  std::size_t receivers = 0;

  void run() {
    if (auto* published = std::get_if<PublishDone>(&call.done); published && call.refusal.ok()) {
      (*published)({}, {receivers, Precision::exact});
    } else if (auto* asked = std::get_if<ExistsDone>(&call.done); asked && call.refusal.ok()) {
      (*asked)({}, receivers > 0);
    } else {
      call.finish(call.refusal);
    }
  }
};

Call make_call(Call::Kind kind, decltype(Call::done) done, const Status& refusal) {
  return {kind, 0, 0, 0, std::move(done), refusal, Clock::now()};
}

const Status kClosed{errc::closed, "the broker is stopped"};

using Item = std::variant<std::shared_ptr<const Packet>, Completion>;

}  // namespace

/// The thread and the queue of one broker.
class MemoryBroker::Worker {
 public:
  explicit Worker(std::size_t publish_queue_bytes) : budget_(publish_queue_bytes) {}

  void start(Host& host) {
    host_ = &host;
    call_timeout_ = host.info().call_timeout;
    thread_ = std::thread([this] { run(); });
  }

  /// From now on new calls complete `closed`.
  void close(std::chrono::milliseconds deadline) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    deadline_ = Clock::now() + deadline;
    wake_.notify_one();
  }

  void join() {
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] bool stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

  /// A publish or exists takes its part of what may wait, or is refused.
  void admit(Call& call) {
    if (!call.refusal.ok()) return;
    if (budget_.take(kCallBytes)) {
      call.cost = kCallBytes;
    } else {
      call.refusal = {errc::overloaded, "publish_queue_bytes is reached"};
    }
  }

  [[nodiscard]] bool has_room(std::size_t cost) const {
    const std::lock_guard lock(mutex_);
    return waiting_bytes_ + cost <= kMemoryQueueBytes;
  }

  /// Dropped once the thread has ended: nobody is there to hand it over.
  void append(Item item) {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    if (const auto* packet = std::get_if<std::shared_ptr<const Packet>>(&item)) waiting_bytes_ += (*packet)->cost();
    if (auto* completion = std::get_if<Completion>(&item); completion && stopping_) completion->call.refusal = kClosed;
    queue_.push_back(std::move(item));
    if (queue_.size() == 1) wake_.notify_one();
  }

 private:
  void run() {
    host_->state(State::ready, {});
    std::vector<Item> batch;
    while (take(batch)) {
      hand_over(batch);
      batch.clear();
    }
    host_->state(State::closed, {});
  }

  /// Waits for items; false once stopped and empty.
  bool take(std::vector<Item>& batch) {
    std::unique_lock lock(mutex_);
    waiting_bytes_ -= std::exchange(taken_bytes_, 0);
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    batch.swap(queue_);
    taken_bytes_ = waiting_bytes_;
    finished_ = batch.empty();
    return !finished_;
  }

  void hand_over(std::vector<Item>& batch) {
    for (Item& item : batch) {
      if (const auto* packet = std::get_if<std::shared_ptr<const Packet>>(&item)) {
        messages_.push_back({(*packet)->channel, (*packet)->payload});
        continue;
      }
      deliver();
      complete(std::get<Completion>(item));
    }
    deliver();
  }

  void complete(Completion& completion) {
    Call& call = completion.call;
    budget_.give_back(call.cost);
    const bool overdue = Clock::now() >= call.made_at + call_timeout_;
    if (late()) {
      call.refusal = kClosed;
    } else if (overdue && call.refusal.ok() && call.kind == Call::Kind::publish) {
      call.refusal = {errc::unknown_outcome, "not told in time"};
    } else if (overdue && call.refusal.ok() && call.kind == Call::Kind::exists) {
      call.refusal = {errc::unavailable, "not told in time"};
    }
    completion.run();
  }

  void deliver() {
    if (!messages_.empty() && !late()) host_->deliver(messages_);
    messages_.clear();
  }

  [[nodiscard]] bool late() const {
    const std::lock_guard lock(mutex_);
    return stopping_ && Clock::now() >= deadline_;
  }

  Host* host_ = nullptr;
  brokers::Duration call_timeout_{};
  brokers::Budget budget_;
  std::vector<Message> messages_;  // of the worker thread only

  mutable std::mutex mutex_;  // protects what follows, up to thread_
  std::condition_variable wake_;
  std::vector<Item> queue_;
  std::size_t waiting_bytes_ = 0;  // in queue_ and in the hands of the worker
  std::size_t taken_bytes_ = 0;
  brokers::Time deadline_;
  bool stopping_ = false;
  bool finished_ = false;
  std::thread thread_;
};

/// Who is subscribed to what in one space. Items are appended under its lock, so that each worker's queue has the order
/// in which the calls took effect. A worker's lock is taken inside the hub's, never the other way round.
class MemoryBroker::Hub {
 public:
  /// The hub of `space`; lives as long as a broker holds it.
  static std::shared_ptr<Hub> of(const std::string& space) {
    static std::mutex mutex;
    static std::unordered_map<std::string, std::weak_ptr<Hub>> spaces;
    const std::lock_guard lock(mutex);
    std::weak_ptr<Hub>& slot = spaces[space];
    std::shared_ptr<Hub> hub = slot.lock();
    if (!hub) slot = hub = std::make_shared<Hub>();
    return hub;
  }

  void subscribe(Worker& worker, std::string_view channel, Done done) {
    const std::lock_guard lock(mutex_);
    const Status status = brokers::check_channel(channel);
    if (status.ok() && !worker.stopping()) {
      std::vector<Worker*>& holders = channels_[std::string(channel)];
      if (std::find(holders.begin(), holders.end(), &worker) == holders.end()) holders.push_back(&worker);
    }
    worker.append(Completion{make_call(Call::Kind::subscribe, std::move(done), status)});
  }

  void unsubscribe(Worker& worker, std::string_view channel, Done done) {
    const std::lock_guard lock(mutex_);
    if (const auto found = channels_.find(std::string(channel)); found != channels_.end()) {
      std::erase(found->second, &worker);
      if (found->second.empty()) channels_.erase(found);
    }
    worker.append(Completion{make_call(Call::Kind::unsubscribe, std::move(done), brokers::check_channel(channel))});
  }

  void publish(Worker& worker, std::string_view channel, std::string_view payload, PublishDone done) {
    Status status = brokers::check_channel(channel);
    if (payload.size() > kMemoryPayloadBytes) status = {errc::too_large, "a payload has at most 16 MiB"};
    Completion completion{make_call(Call::Kind::publish, std::move(done), status)};
    worker.admit(completion.call);
    Status& refusal = completion.call.refusal;
    // Copied before the lock is taken: others need not wait for 16 MiB.
    const auto packet =
        std::make_shared<const Packet>(refusal.ok() ? Packet{std::string(channel), std::string(payload)} : Packet{});
    const std::lock_guard lock(mutex_);
    if (const auto found = channels_.find(packet->channel); refusal.ok() && found != channels_.end()) {
      const auto has_room = [&](const Worker* holder) { return holder->has_room(packet->cost()); };
      if (std::all_of(found->second.begin(), found->second.end(), has_room)) {
        for (Worker* holder : found->second) holder->append(packet);
        completion.receivers = found->second.size();
      } else {
        refusal = {errc::overloaded, "a receiver's queue is full"};
      }
    }
    worker.append(std::move(completion));
  }

  void exists(Worker& worker, std::string_view channel, ExistsDone done) {
    Call call = make_call(Call::Kind::exists, std::move(done), brokers::check_channel(channel));
    worker.admit(call);
    const std::lock_guard lock(mutex_);
    worker.append(Completion{std::move(call), channels_.count(std::string(channel))});
  }

  void leave(Worker& worker) {
    const std::lock_guard lock(mutex_);
    for (auto entry = channels_.begin(); entry != channels_.end();) {
      std::erase(entry->second, &worker);
      entry = entry->second.empty() ? channels_.erase(entry) : std::next(entry);
    }
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<Worker*>> channels_;
};

MemoryBroker::MemoryBroker(const Settings& settings)
    : hub_(Hub::of(settings.text("space"))), worker_(std::make_unique<Worker>(brokers::read_publish_queue_bytes(settings))) {}

MemoryBroker::~MemoryBroker() { stop(std::chrono::milliseconds(0)); }

void MemoryBroker::start(Host& host) { worker_->start(host); }

void MemoryBroker::subscribe(std::string_view channel, Done done) { hub_->subscribe(*worker_, channel, std::move(done)); }

void MemoryBroker::unsubscribe(std::string_view channel, Done done) { hub_->unsubscribe(*worker_, channel, std::move(done)); }

void MemoryBroker::publish(std::string_view channel, std::string_view payload, PublishDone done) {
  hub_->publish(*worker_, channel, payload, std::move(done));
}

void MemoryBroker::exists(std::string_view channel, ExistsDone done) { hub_->exists(*worker_, channel, std::move(done)); }

Capabilities MemoryBroker::capabilities() const {
  Capabilities capabilities;
  capabilities.receivers = Precision::exact;
  capabilities.exists = ExistsKind::authoritative;
  capabilities.dead_host_bound = std::chrono::milliseconds(0);
  capabilities.max_payload_bytes = kMemoryPayloadBytes;
  return capabilities;
}

void MemoryBroker::stop(std::chrono::milliseconds deadline) {
  worker_->close(deadline);  // first, so that no subscribe follows the leave
  hub_->leave(*worker_);
  worker_->join();
}

}  // namespace signalbox

#include "brokers/kafka/connector.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <pthread.h>
#include <unistd.h>

#include "brokers/common/channel.hpp"
#include "brokers/kafka/records.hpp"

namespace signalbox::kafka {
namespace {

constexpr std::size_t kFramingBytes = 512;             // what Kafka's batch and record headers take, and then some
constexpr std::size_t kClientRecordBytes = 1'000'000;  // librdkafka's message.max.bytes
constexpr Duration kPause{200};

/// The latest of the producer's faults: it says more than "timed out".
class LatestFault final : public ClientEvents {
 public:
  void on_records(std::span<const ReadRecord>) override {}
  void on_report(const Report&) override {}
  void on_fault(const Fault& one) override {
    if (!fault || fault->kind != FaultKind::auth) fault = one;
  }
  void on_log(LogLevel, std::string_view) override {}
  std::optional<Fault> fault;
};

}  // namespace

Connector::Connector(ClientSettings settings, std::string name, std::size_t payload_bytes, int wake_fd)
    : settings_(std::move(settings)),
      name_(std::move(name)),
      overhead_(kFramingBytes + name_.size() + brokers::kChannelBytes),
      record_bytes_(payload_bytes + overhead_),
      wake_fd_(wake_fd) {
  thread_ = std::thread([this] { run(); });
}

Connector::~Connector() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    begun_.notify_all();
  }
  thread_.join();
}

void Connector::begin(std::unique_ptr<Client> old, Duration pause) {
  const std::lock_guard lock(mutex_);
  old_ = std::move(old);
  pause_ = pause;
  working_ = true;
  connected_.reset();
  fault_.reset();
  begun_.notify_all();
}

std::optional<Connected> Connector::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(connected_, std::nullopt);
}

std::optional<Fault> Connector::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

bool Connector::ended() const {
  const std::lock_guard lock(mutex_);
  return !working_;
}

void Connector::tell(Fault fault, bool ended) {
  {
    const std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
    if (ended) working_ = false;
  }
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_fd_, &one, sizeof one));
}

void Connector::run() {
  pthread_setname_np(pthread_self(), "kafka-connect");
  std::unique_lock lock(mutex_);
  for (;;) {
    begun_.wait(lock, [this] { return stopping_ || working_; });
    std::unique_ptr<Client> old = std::move(old_);
    lock.unlock();
    old.reset();
    lock.lock();
    if (stopping_) return;
    begun_.wait_for(lock, pause_, [this] { return stopping(); });
    lock.unlock();
    work();
    lock.lock();
  }
}

void Connector::work() {
  try {
    Connected connected = connect();
    const std::lock_guard lock(mutex_);
    connected_ = std::move(connected);
    fault_.reset();
    working_ = false;
  } catch (const ConnectFault& caught) {
    tell(caught.fault, true);
    return;
  } catch (const std::exception& error) {
    tell({FaultKind::config, error.what()}, true);
    return;
  }
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_fd_, &one, sizeof one));
}

/// librdkafka's own connections and their pauses stay for as long as only the way to the cluster is missing.
template <class Action>
auto Connector::persist(Client& client, Action action) {
  for (;;) {
    if (stopping()) throw ConnectFault{{FaultKind::lost, "stopping"}};
    try {
      return action();
    } catch (const ConnectFault& caught) {
      bear(client, caught.fault);
    }
    std::unique_lock lock(mutex_);
    begun_.wait_for(lock, kPause, [this] { return stopping(); });
  }
}

/// Tells of what passes; throws on what doesn't.
void Connector::bear(Client& client, const Fault& fault) {
  LatestFault latest;
  client.poll(latest);
  const bool said = latest.fault && fault.kind == FaultKind::lost;
  const Fault& graver = said ? *latest.fault : fault;
  if (is_for_operator(graver.kind)) throw ConnectFault{graver};
  tell({FaultKind::lost, graver.text}, false);
}

TopicSettings Connector::settings_of(Client& client, const TopicPlan& plan, bool& created) {
  const Options& options = settings_.options;
  for (;;) {
    if (const auto found = persist(client, [&] { return describe(client, plan.name); })) return *found;
    if (!options.create_topics) {
      throw ConnectFault{
          {FaultKind::config, "topic " + plan.name + " is missing: create it, or set broker.kafka.create_topics"}};
    }
    persist(client, [&] { create(client, plan, options.replication_factor); });
    created = true;
  }
}

Connected Connector::connect() {
  bool created = false;
  for (;;) {
    if (std::optional<Connected> connected = try_connect(created)) return std::move(*connected);
  }
}

std::optional<Connected> Connector::try_connect(bool& created) {
  Connected connected;
  connected.client = std::make_unique<Client>(settings_, wake_fd_);
  Client& client = *connected.client;
  const TopicPlan presence = presence_plan(settings_.options);
  const TopicPlan inbox = inbox_plan(settings_.options);
  const TopicSettings presence_settings = settings_of(client, presence, created);
  const TopicSettings inbox_settings = settings_of(client, inbox, created);
  client.open_topics();
  connected.presence_partitions = persist(client, [&] { return count_partitions(client, Topic::presence); });
  const int inbox_partitions = persist(client, [&] { return count_partitions(client, Topic::inbox); });
  check(presence, presence_settings, connected.presence_partitions);
  check(inbox, inbox_settings, inbox_partitions);
  const std::size_t inbox_bytes = check_record_bytes(inbox, inbox_settings, record_bytes_);
  const std::size_t batch_bytes = std::min(check_record_bytes(presence, presence_settings, record_bytes_), inbox_bytes);
  if (settings_.batch_bytes > batch_bytes) {
    settings_.batch_bytes = batch_bytes;
    return std::nullopt;
  }
  connected.created = created;
  connected.payload_bytes = std::min(inbox_bytes, kClientRecordBytes) - overhead_;
  connected.inbox = static_cast<int>(hash(name_) % static_cast<std::uint64_t>(inbox_partitions));
  connected.inbox_end = persist(client, [&] { return end_of(client, settings_.options.inbox_topic, connected.inbox); });
  return connected;
}

}  // namespace signalbox::kafka

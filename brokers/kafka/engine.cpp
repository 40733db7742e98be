#include "brokers/kafka/engine.hpp"

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace signalbox::kafka {
namespace {

const Status kClosed{errc::closed, "the broker is stopped"};

/// What a report is about. Pointers have their lowest bits free.
enum class About : std::uintptr_t { sweep = 0, route = 1, publish = 2, beat = 3 };

void* tag(About about, const void* pointer = nullptr) {
  return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(pointer) | static_cast<std::uintptr_t>(about));
}
About about(void* tag) { return static_cast<About>(reinterpret_cast<std::uintptr_t>(tag) & 3); }
template <class Type>
Type& untagged(void* tag) {
  return *reinterpret_cast<Type*>(reinterpret_cast<std::uintptr_t>(tag) & ~std::uintptr_t{3});
}

std::uint64_t microseconds_since_1970() {
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

constexpr Duration kRivalSilent{10'000};
constexpr Duration kSweepEvery{1000};
constexpr std::size_t kSweptAtOnce = 256;
constexpr Duration kFarewellWithin{500};

}  // namespace

WakeFd::WakeFd() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}
WakeFd::~WakeFd() { close(fd_); }
void WakeFd::wake() const noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(!write(fd_, &one, sizeof one));
}
void WakeFd::wait(Duration longest) const noexcept {
  pollfd woken{fd_, POLLIN, 0};
  std::uint64_t count = 0;
  if (poll(&woken, 1, static_cast<int>(longest.count())) == 1) static_cast<void>(!read(fd_, &count, sizeof count));
}

Engine::Engine(const Options& options, Host& host, brokers::Intake& intake, brokers::Budget& budget,
               std::atomic<std::size_t>& payload_bytes)
    : host_(host),
      call_timeout_(std::max(host.info().call_timeout - kTick, kTick)),
      options_(options),
      calls_(intake, host),
      intake_(intake),
      budget_(budget),
      payload_bytes_(payload_bytes),
      // The prefix parts those who share the topics; 0x02 as for all private channels.
      self_{std::string(host.info().channel_prefix) + '\x02' + std::string(host.info().instance_id), microseconds_since_1970()},
      publishes_(budget) {}

Engine::~Engine() { stop(std::chrono::milliseconds(0)); }

void Engine::start() {
  // Below the deadline of a call, so that the report that a record was not stored comes first where there is time for it.
  const ClientSettings settings{options_, "signalbox-" + std::string(host_.info().instance_id),
                                std::max(call_timeout_ * 3 / 4, Duration(300))};
  connector_.emplace(settings, self_.instance, host_.info().payload_bytes, wake_.get());
  connect(nullptr, Duration(0));
  thread_ = std::thread([this] { run(); });
}

void Engine::stop(std::chrono::milliseconds deadline) {
  if (!thread_.joinable()) return;
  stop_within_ = deadline;
  stop_asked_ = true;
  wake();
  thread_.join();
  connector_.reset();
}

void Engine::run() {
  pthread_setname_np(pthread_self(), "kafka");
  while (!finished_) {
    bool more = true;
    try {
      more = turn(Clock::now());
    } catch (const std::exception& error) {  // memory that ran out: the loop goes on with what is left of the work
      host_.log(LogLevel::error, error.what());
    }
    if (!more && !finished_) wake_.wait(pause());
  }
  client_.reset();
}

Duration Engine::pause() const {
  const bool at_rest = state_ == State::ready && !stopping_ && publishes_.empty() && holdings_.idle();
  return at_rest ? kRestTick : kTick;
}

bool Engine::turn(Time now) {
  now_ = now;
  if (stop_asked_ && !std::exchange(stopping_, true)) {
    stop_at_ = now + stop_within_;
    holdings_.drain();
  }
  take_connection();
  bool more = client_ && client_->poll(*this);
  deliver();
  if (give_up_) reconnect();
  return_from_rival();
  update_link();  // before calls are taken: a process that was frozen must not answer from what it knew
  if (!more) {
    more = calls_.take_slice(
        [this](brokers::Call& call, std::string_view channel, std::string_view payload) { dispatch(call, channel, payload); });
  }
  beat();
  write_routes();
  publishes_.expire(now);
  holdings_.expire(now);
  sweep();
  if (stopping_) {
    drain();
  } else {
    update_state();
  }
  return more || holdings_.has_expired(now);
}

void Engine::dispatch(brokers::Call& call, std::string_view channel, std::string_view payload) {
  const auto refuse = [&](const Status& status) {
    budget_.give_back(call.cost);
    call.finish(status);
  };
  if (!call.refusal.ok()) return refuse(call.refusal);
  if (stopping_) return refuse(kClosed);
  const Time deadline = call.made_at + call_timeout_;
  if (call.kind == brokers::Call::Kind::subscribe) {
    channel_ = channel;
    holdings_.subscribe(channel_, std::move(std::get<Done>(call.done)), deadline);
  } else if (call.kind == brokers::Call::Kind::unsubscribe) {
    channel_ = channel;
    holdings_.unsubscribe(channel_, std::move(std::get<Done>(call.done)), deadline);
  } else if (!up_ || state_ != State::ready) {
    const std::string why = trouble();
    refuse({errc::unavailable, why});
  } else if (now_ >= deadline) {
    refuse({errc::unavailable, "not sent in time"});
  } else if (call.kind == brokers::Call::Kind::publish) {
    publish(call, channel, payload, deadline);
  } else {
    exists(call, channel);
  }
}

void Engine::publish(brokers::Call& call, std::string_view channel, std::string_view payload, Time deadline) {
  targets_.clear();
  const bool doubtful = presence_.find(channel, targets_);
  Publish& publish = publishes_.open(std::move(std::get<PublishDone>(call.done)), call.cost, deadline);
  if (targets_.empty() && doubtful) {
    publishes_.refuse(publish, errc::unavailable, "whether the instance that held it still lives is not known yet");
  }
  for (const Target& target : targets_) {
    const int partition = static_cast<int>(target.inbox) % inbox_partitions_;
    const auto error = client_->write(Topic::inbox, partition, encode(InboxKey{target.instance, channel}), payload,
                                      tag(About::publish, &publish));
    if (error) {
      publishes_.refuse(publish, meaning_of(error).code, words(error));
    } else {
      publishes_.record(publish);
    }
  }
  publishes_.close(publish);
}

void Engine::exists(brokers::Call& call, std::string_view channel) {
  targets_.clear();
  const bool doubtful = presence_.find(channel, targets_);
  budget_.give_back(call.cost);
  auto& done = std::get<ExistsDone>(call.done);
  if (targets_.empty() && doubtful) {
    done({errc::unavailable, "whether the instance that held it still lives is not known yet"}, false);
  } else {
    done({}, !targets_.empty());
  }
}

void Engine::connect(std::unique_ptr<Client> old, Duration pause) { connector_->begin(std::move(old), pause); }

void Engine::take_connection() {
  if (client_ || !connector_->ended()) return;
  auto connected = connector_->take();
  if (!connected) {
    if (stopping_) return;
    if (const auto fault = connector_->fault()) {
      if (fault->kind == FaultKind::auth || fault->kind == FaultKind::config) failure_ = fault;
      connect(nullptr, backoff_.slow(random_, now_));
    }
    return;
  }
  client_ = std::move(connected->client);
  inbox_partitions_ = connected->inbox_partitions;
  const auto partitions = static_cast<std::size_t>(connected->presence_partitions);
  if (presence_.size() != partitions || inbox_ != connected->inbox) forget_log();
  if (presence_.size() != partitions) {
    presence_.resize(partitions, self_);
    presence_next_.assign(partitions, std::nullopt);
    holdings_.set_partitions(partitions);
  }
  inbox_ = connected->inbox;
  pulses_.assign(partitions + 1, Pulse());
  barrier_ = sequence_;
  payload_bytes_ = connected->payload_bytes;
  if (!inbox_next_) inbox_next_ = connected->inbox_end;
  client_->read_from(Topic::inbox, inbox_, inbox_next_);
  for (std::size_t i = 0; i < partitions; ++i) {
    client_->read_from(Topic::presence, static_cast<int>(i), presence_next_[i]);
  }
}

/// What was read is void: it is read again from its beginning, and written again.
void Engine::forget_log() {
  if (presence_.size() == 0) return;
  missed_ = true;
  inbox_next_.reset();
  self_.incarnation = std::max(self_.incarnation + 1, microseconds_since_1970());
  presence_.resize(presence_.size(), self_);
  presence_next_.assign(presence_.size(), std::nullopt);
  holdings_.restart();
}

void Engine::reconnect() {
  const Fault fault = *std::exchange(give_up_, std::nullopt);
  if (!client_) return;
  lose(fault.text);
  client_->purge();
  while (client_->poll(*this)) {
  }
  deliver();
  give_up_.reset();
  if (fault.kind == FaultKind::truncated) forget_log();
  const bool failed = fault.kind == FaultKind::auth || fault.kind == FaultKind::config;
  if (failed) failure_ = fault;
  connect(std::move(client_), failed ? backoff_.slow(random_, now_) : backoff_.next(random_, now_));
}

void Engine::on_records(std::span<const ReadRecord> records) {
  for (const ReadRecord& record : records) record.topic == Topic::presence ? take_presence(record) : take_inbox(record);
  deliver();  // before a call completes: behind an unsubscribe nothing comes
  for (std::size_t i = 0; i < presence_next_.size(); ++i) {
    if (presence_next_[i]) holdings_.read_up_to(i, *presence_next_[i]);
  }
}

void Engine::take_presence(const ReadRecord& record) {
  const auto number = static_cast<std::size_t>(record.partition);
  if (number >= presence_.size()) return;
  presence_next_[number] = record.offset + 1;
  const auto effect = presence_[number].apply({record.key, record.value, record.timestamp_ms});
  if (effect.echo) pulses_[number].echoed(*effect.echo, now_);
  if (effect.declared_dead) missed_ = true;
  if (effect.rival != 0) meet_rival(effect.rival);
  if (effect.erased) holdings_.erased(std::string(*effect.erased));
}

void Engine::take_inbox(const ReadRecord& record) {
  inbox_next_ = record.offset + 1;
  const auto key = decode_inbox_key(record.key);
  if (!key || key->instance != self_.instance || !record.value) return;
  if (key->channel.empty()) {
    const auto probe = decode_heartbeat(*record.value);
    if (probe && probe->incarnation == self_.incarnation) pulses_.back().echoed(probe->sequence, now_);
    return;
  }
  channel_ = key->channel;
  if (holdings_.wants(channel_)) messages_.push_back({key->channel, *record.value});
}

void Engine::deliver() {
  if (messages_.empty()) return;
  host_.deliver(messages_);
  messages_.clear();
}

void Engine::on_report(const Report& report) {
  const auto partition = static_cast<std::size_t>(report.partition);
  if (report.error) {
    last_words_ = words(report.error);
    const FaultKind kind = meaning_of(report.error).kind;
    if (kind == FaultKind::auth || kind == FaultKind::config || kind == FaultKind::broken) on_fault({kind, last_words_});
  }
  switch (about(report.tag)) {
    case About::sweep: break;
    case About::route: {
      const bool known = report.stored == Stored::yes && report.offset >= 0;
      holdings_.reported(untagged<Channel>(report.tag), partition,
                         known ? std::optional<std::int64_t>(report.offset) : std::nullopt);
      break;
    }
    case About::publish:
      publishes_.report(untagged<Publish>(report.tag), report.stored, meaning_of(report.error).code, words(report.error));
      break;
    case About::beat: {
      const std::size_t pulse = report.topic == Topic::inbox ? pulses_.size() - 1 : partition;
      if (pulse < pulses_.size()) pulses_[pulse].reported(report.stored, now_);
      break;
    }
  }
}

void Engine::on_fault(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::passing: last_words_ = fault.text; break;
    case FaultKind::lost: lose(last_words_.empty() ? fault.text : last_words_); break;
    case FaultKind::auth:
    case FaultKind::config:
    case FaultKind::broken:
    case FaultKind::truncated:
      if (!give_up_) give_up_ = fault;
      break;
  }
}

void Engine::beat() {
  if (!client_ || rival_at_ || stopping_) return;
  for (std::size_t i = 0; i < pulses_.size(); ++i) {
    if (!pulses_[i].due(now_)) continue;
    const bool inbox = i + 1 == pulses_.size();
    const int partition = inbox ? inbox_ : static_cast<int>(i);
    if (beat_into(inbox ? Topic::inbox : Topic::presence, partition, false)) pulses_[i].sent(now_);
  }
}

bool Engine::beat_into(Topic topic, int partition, bool farewell) {
  const std::string key =
      topic == Topic::inbox ? encode(InboxKey{self_.instance, {}}) : encode(PresenceKey{{}, self_.instance});
  const Heartbeat heartbeat{self_.incarnation, ++sequence_, static_cast<std::uint32_t>(inbox_), farewell};
  return client_->write(topic, partition, key, encode(heartbeat), tag(About::beat)) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void Engine::write_routes() {
  if (!client_ || !up_) return;
  const std::string route = encode(Route{self_.incarnation});
  while (const auto write = holdings_.next_write()) {
    const std::string& name = write->channel->first;
    const std::size_t partition = presence_.partition_of(name);
    const auto error =
        client_->write(Topic::presence, static_cast<int>(partition), encode(PresenceKey{name, self_.instance}),
                       write->hold ? std::optional<std::string_view>(route) : std::nullopt, tag(About::route, write->channel));
    if (!error) continue;
    last_words_ = words(error);
    holdings_.reported(*write->channel, partition, std::nullopt);
    return;  // librdkafka's queue is full: in the next turn
  }
}

/// Routes of the dead, a few at a time.
void Engine::sweep() {
  if (!up_ || stopping_ || now_ < sweep_at_) return;
  sweep_at_ = now_ + kSweepEvery;
  sweep_partition_ = (sweep_partition_ + 1) % presence_.size();
  std::vector<std::string> keys;
  presence_[sweep_partition_].collect_garbage(
      kSweptAtOnce, [this](const std::string& channel) { return holdings_.knows(channel); }, keys);
  for (const std::string& key : keys) {
    client_->write(Topic::presence, static_cast<int>(sweep_partition_), key, std::nullopt, tag(About::sweep));
  }
}

/// While we have never been up it may be an earlier one of ours, of before the clock was set back.
void Engine::meet_rival(std::uint64_t incarnation) {
  if (!was_ready_) return take_incarnation(incarnation + 1);
  rival_ = std::max(rival_, incarnation);
  rival_at_ = now_;
  lose("another instance has our name");
  failure_ = Fault{FaultKind::config, "another instance runs as " + std::string(host_.info().instance_id) +
                                          ": give each its own server.instance_id"};
}

void Engine::return_from_rival() {
  if (!rival_at_ || now_ - *rival_at_ < kRivalSilent) return;
  rival_at_.reset();
  missed_ = true;
  take_incarnation(rival_ + 1);
}

void Engine::take_incarnation(std::uint64_t incarnation) {
  if (incarnation <= self_.incarnation) return;
  self_.incarnation = incarnation;
  presence_.become(self_);
  holdings_.restart();
  pulses_.assign(pulses_.size(), Pulse());
  barrier_ = sequence_;
}

void Engine::lose(const std::string& why) {
  barrier_ = sequence_;
  if (up_) outage_ = why;
  up_ = false;
  holdings_.set_up(false);
}

void Engine::update_link() {
  const bool beats = client_ && !rival_at_ && std::all_of(pulses_.begin(), pulses_.end(), [this](const Pulse& pulse) {
                       return pulse.beats(barrier_, now_);
                     });
  if (up_ && !beats) lose("our own heartbeat has not come back for 4 s");
  if (!up_ && beats) {
    up_ = true;
    backoff_.proved(now_);
    failure_.reset();
    last_words_.clear();
    holdings_.set_up(true);
  }
}

std::string Engine::trouble() const {
  if (failure_) return (failure_->kind == FaultKind::auth ? "auth: " : "config: ") + failure_->text;
  if (up_) return std::to_string(holdings_.recovering()) + " channels are not confirmed";
  if (!client_) {
    if (const auto fault = connector_->fault()) return fault->text;
  }
  if (!outage_.empty()) return outage_;
  return last_words_.empty() ? "connecting" : last_words_;
}

void Engine::update_state() {
  if (up_ && holdings_.recovering() == 0) {
    // Only where others may have counted us out meanwhile, or the log has lost what we were to read.
    if (std::exchange(missed_, false) && was_ready_) host_.gap({}, outage_.empty() ? "heartbeats were missed" : outage_);
    was_ready_ = true;
    outage_.clear();
    return report(State::ready, {});
  }
  const bool nothing_to_say = !up_ && !failure_ && trouble() == "connecting";
  const State state = failure_ ? State::failed : was_ready_ ? State::degraded : State::connecting;
  if (nothing_to_say && state == state_) return;
  report(state, {trouble()});
}

void Engine::report(State state, std::vector<std::string> reasons) {
  if (state == state_ && reasons == reasons_) return;
  state_ = state;
  reasons_ = std::move(reasons);
  const std::vector<std::string_view> views(reasons_.begin(), reasons_.end());
  host_.state(state_, views);
}

void Engine::drain() {
  const bool drained = !up_ || (holdings_.drained() && publishes_.empty() && calls_.empty());
  if (drained || now_ >= stop_at_) finish();
}

void Engine::finish() {
  if (up_) {
    for (std::size_t i = 0; i < presence_.size(); ++i) beat_into(Topic::presence, static_cast<int>(i), true);
    const Time until = std::min(stop_at_, now_ + kFarewellWithin);
    while (client_->unreported() > 0 && Clock::now() < until) {
      if (!client_->poll(*this)) wake_.wait(Duration(10));
    }
  }
  deliver();
  calls_.close(
      [this](brokers::Call& call, std::string_view channel, std::string_view payload) { dispatch(call, channel, payload); });
  publishes_.finish_all(kClosed);
  report(State::closed, {});
  finished_ = true;
}

}  // namespace signalbox::kafka

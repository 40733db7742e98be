#include "brokers/kafka/engine.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <pthread.h>

#include "brokers/kafka/ending.hpp"
#include "brokers/kafka/report_tag.hpp"

namespace signalbox::kafka {
namespace {

using brokers::TroubleKind;

const Status kClosed{errc::closed, "the broker is stopped"};

std::uint64_t microseconds_since_1970() {
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

constexpr Duration kFarewellWithin{1000};
constexpr Duration kPurgeWithin{100};
constexpr Duration kEndWithin{2000};  // beyond the deadline of the stop

}  // namespace

Engine::Engine(const Options& options, Host& host, brokers::Intake& intake, brokers::Budget& budget,
               std::atomic<std::size_t>& payload_bytes)
    : host_(host),
      call_timeout_(std::max(host.info().call_timeout - kTick, kTick)),
      options_(options),
      calls_(intake, host),
      budget_(budget),
      payload_bytes_(payload_bytes),
      // The prefix parts those who share the topics; 0x02 as for all private channels.
      self_{std::string(host.info().channel_prefix) + '\x02' + std::string(host.info().instance_id), microseconds_since_1970()},
      publishes_(budget),
      router_(presence_, publishes_, budget),
      report_(host) {}

Engine::~Engine() { stop(std::chrono::milliseconds(0)); }

void Engine::start() {
  // Below the deadline of a call, so that the report that a record was not stored comes first where there is time for it.
  const ClientSettings settings{options_, "signalbox-" + std::string(host_.info().instance_id),
                                std::max(call_timeout_ * 3 / 4, Duration(300))};
  connector_ = std::make_unique<Connector>(settings, self_.instance, host_.info().payload_bytes, wake_->get());
  connect(nullptr, Duration(0));
  thread_ = std::thread([this] { run(); });
}

void Engine::stop(std::chrono::milliseconds deadline) {
  if (!thread_.joinable()) return;
  stop_within_ = deadline;
  stop_asked_ = true;
  const Time until = Clock::now() + deadline + kEndWithin;
  wake();
  thread_.join();
  end(std::move(client_), std::move(connector_), wake_, until);
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
    if (!more && !finished_) wake_->wait(pause());
  }
}

Duration Engine::pause() const {
  const bool at_rest = report_.state() == State::ready && !stopping_ && publishes_.empty() && holdings_.idle();
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
  if (call_turns_.take(more, up_, now)) {
    const bool more_calls = calls_.take_slice(
        [this](brokers::Call& call, std::string_view channel, std::string_view payload) { dispatch(call, channel, payload); });
    more = more || more_calls;
  }
  if (client_ && !rival_.present()) heartbeats_.send_due(*client_, self_, now_);
  if (client_ && up_) {
    if (const auto error = routes_.write(*client_, self_)) last_words_ = words(error);
  }
  publishes_.expire(now);
  holdings_.expire(now);
  if (up_ && !stopping_) routes_.sweep(*client_, now);
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
  } else if (!up_ || report_.state() != State::ready) {
    const auto reasons = trouble().reasons;
    refuse({errc::unavailable, reasons.empty() ? "connecting" : reasons.front()});
  } else if (now_ >= deadline) {
    refuse({errc::unavailable, "not sent in time"});
  } else if (call.kind == brokers::Call::Kind::publish) {
    router_.publish(*client_, call, channel, payload, deadline);
  } else {
    router_.exists(call, channel);
  }
}

void Engine::connect(std::unique_ptr<Client> old, Duration pause) { connector_->begin(std::move(old), pause); }

void Engine::take_connection() {
  if (client_ || !connector_->ended()) return;
  auto connected = connector_->take();
  if (!connected) {
    if (stopping_) return;
    if (const auto fault = connector_->fault()) {
      if (is_for_operator(fault->kind)) failure_ = fault;
      connect(nullptr, backoff_.slow(random_, now_));
    }
    return;
  }
  if (!positions_.fit(*connected)) forget_log();
  client_ = std::move(connected->client);
  payload_bytes_ = connected->payload_bytes;
  const auto partitions = static_cast<std::size_t>(connected->presence_partitions);
  if (presence_.size() != partitions) {
    presence_.resize(partitions, self_);
    holdings_.set_partitions(partitions);
  }
  heartbeats_.begin(partitions, connected->inbox);
  positions_.begin(*client_, *connected);
}

/// A gap is to be told.
void Engine::miss() {
  missed_ = true;
  missed_at_ = now_;
}

/// What was read is void: it is read again from its beginning, and written again.
void Engine::forget_log() {
  miss();
  positions_.forget();
  self_.incarnation = std::max(self_.incarnation + 1, microseconds_since_1970());
  presence_.resize(presence_.size(), self_);
  holdings_.restart();
}

void Engine::reconnect() {
  const Fault fault = *std::exchange(give_up_, std::nullopt);
  if (!client_) return;
  lose(fault.text);
  client_->purge();
  await_reports(Clock::now() + kPurgeWithin);
  deliver();
  publishes_.abandon_reports();
  holdings_.abandon_reports();
  give_up_.reset();
  if (fault.kind == FaultKind::truncated || fault.kind == FaultKind::missing) forget_log();
  const bool failed = is_for_operator(fault.kind);
  if (failed) failure_ = fault;
  connect(std::move(client_), failed ? backoff_.slow(random_, now_) : backoff_.next(random_, now_));
}

void Engine::on_records(std::span<const ReadRecord> records) {
  for (const ReadRecord& record : records) {
    positions_.read(record);
    record.topic == Topic::presence ? take_presence(record) : take_inbox(record);
  }
  deliver();  // before a call completes: behind an unsubscribe nothing comes
  const auto& next = positions_.presence();
  for (std::size_t i = 0; i < next.size(); ++i) {
    if (next[i]) holdings_.read_up_to(i, *next[i]);
  }
}

void Engine::take_presence(const ReadRecord& record) {
  const auto number = static_cast<std::size_t>(record.partition);
  const auto effect = presence_[number].apply({record.key, record.value, record.timestamp_ms});
  if (effect.echo) heartbeats_.echoed_in_presence(number, *effect.echo);
  if (effect.declared_dead) miss();
  if (effect.missing) heartbeats_.hurry(number, now_);
  if (effect.rival != 0) meet_rival(effect.rival);
  if (effect.stale) on_fault({FaultKind::truncated, "away for so long that the log may have forgotten what was erased"});
  if (effect.partitions > presence_.size()) on_fault({FaultKind::broken, "the presence topic has got more partitions"});
  if (effect.erased) holdings_.erased(std::string(*effect.erased), record.offset);
}

void Engine::take_inbox(const ReadRecord& record) {
  const auto key = decode_inbox_key(record.key);
  if (!key || key->instance != self_.instance || !record.value) return;
  if (key->channel.empty()) {
    const auto heartbeat = decode_heartbeat(*record.value);
    if (heartbeat && heartbeat->incarnation == self_.incarnation) heartbeats_.echoed_in_inbox(heartbeat->sequence);
    return;
  }
  if (repeats_.seen(key->origin)) return;
  channel_ = key->channel;
  if (holdings_.delivers(channel_)) messages_.push_back({key->channel, *record.value});
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
    if (is_for_operator(kind) || kind == FaultKind::broken) on_fault({kind, last_words_});
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
    case About::heartbeat: heartbeats_.reported(report, now_); break;
  }
}

void Engine::on_fault(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::passing: last_words_ = fault.text; break;
    case FaultKind::lost: lose(last_words_.empty() ? fault.text : last_words_); break;
    case FaultKind::auth:
    case FaultKind::config:
    case FaultKind::missing:
      if (up_) {
        last_words_ = fault.text;
        suspicion_.raise(fault, now_);
        break;
      }
      [[fallthrough]];
    case FaultKind::broken:
    case FaultKind::truncated:
      if (!give_up_) give_up_ = fault;
      break;
  }
}

/// While we have never been up it may be an earlier one of ours, of before the clock was set back.
void Engine::meet_rival(std::uint64_t incarnation) {
  if (!was_ready_) return take_incarnation(incarnation + 1);
  rival_.met(incarnation, now_);
  lose("another instance has our name");
  failure_ = Fault{FaultKind::config, "another instance runs as " + std::string(host_.info().instance_id) +
                                          ": give each its own server.instance_id"};
}

void Engine::return_from_rival() {
  const auto incarnation = rival_.take_gone(now_);
  if (!incarnation) return;
  miss();
  take_incarnation(*incarnation + 1);
}

void Engine::take_incarnation(std::uint64_t incarnation) {
  if (incarnation <= self_.incarnation) return;
  self_.incarnation = incarnation;
  if (holdings_.under_way() && !give_up_) give_up_ = Fault{FaultKind::broken, "another instance had our name"};
  presence_.become(self_);
  holdings_.restart();
  heartbeats_.begin_again();
}

void Engine::lose(const std::string& why) {
  heartbeats_.distrust();
  if (up_) {
    outage_ = why;
    const auto suspect = suspicion_.take(now_);
    if (!give_up_) give_up_ = suspect;
  }
  up_ = false;
  holdings_.set_up(false);
}

void Engine::update_link() {
  const bool beats = client_ && !rival_.present() && heartbeats_.are_back(now_);
  if (up_ && !beats) lose("our own heartbeat has not come back for 4 s");
  if (!up_ && beats) {
    up_ = true;
    backoff_.proved(now_);
    failure_.reset();
    last_words_.clear();
    holdings_.set_up(true);
  }
}

/// One reason: the cluster is one thing to us.
brokers::Trouble Engine::trouble() const {
  brokers::Trouble trouble;
  if (failure_) {
    trouble.add(failure_->kind == FaultKind::auth ? TroubleKind::auth : TroubleKind::config, "", failure_->text);
  } else if (up_ && holdings_.recovering() == 0) {
    trouble.add(TroubleKind::lost, "", "other instances are told that this one is here");
  } else if (up_) {
    trouble.add(TroubleKind::lost, "", std::to_string(holdings_.recovering()) + " channels are not confirmed");
  } else if (const auto fault = client_ ? std::nullopt : connector_->fault()) {
    trouble.add(TroubleKind::lost, "", fault->text);
  } else if (!outage_.empty()) {
    trouble.add(TroubleKind::lost, "", outage_);
  } else if (!last_words_.empty()) {
    trouble.add(TroubleKind::lost, "", last_words_);
  }
  return trouble;
}

void Engine::update_state() {
  const bool complete = up_ && holdings_.recovering() == 0;
  if (missed_ && !complete) missed_at_ = now_;
  // Until they have read that we are here again, others may say that we aren't: the gap comes behind that.
  const bool others_know = !missed_ || !was_ready_ || now_ - missed_at_ >= kPropagation;
  if (complete && !others_know && report_.state() == State::ready) return;
  if (complete && others_know) {
    // Only where others may have counted us out meanwhile, or the log has lost what we were to read.
    if (std::exchange(missed_, false) && was_ready_) host_.gap({}, outage_.empty() ? "heartbeats were missed" : outage_);
    was_ready_ = true;
    outage_.clear();
    return report_.tell(State::ready);
  }
  brokers::Trouble trouble = this->trouble();
  const State state = trouble.state(was_ready_);
  if (trouble.reasons.empty()) {
    if (state == report_.state()) return;  // nothing to say
    trouble.reasons.emplace_back("connecting");
  }
  report_.tell(state, std::move(trouble.reasons));
}

void Engine::drain() {
  const bool drained = !up_ || (holdings_.drained() && publishes_.empty() && calls_.empty());
  // The farewell has time of its own.
  if (drained || now_ >= stop_at_ - std::min(kFarewellWithin, stop_within_ / 2)) finish();
}

void Engine::await_reports(Time until) {
  while (client_->unreported() > 0 && Clock::now() < until) {
    if (!client_->poll(*this)) wake_->wait(Duration(10));
  }
}

void Engine::finish() {
  // Also where the link counts as lost: a cluster that is slow may still take it.
  if (client_ && !rival_.present()) {
    heartbeats_.send_farewell(*client_, self_);
    await_reports(std::min(stop_at_, now_ + kFarewellWithin));
  }
  deliver();
  calls_.close(
      [this](brokers::Call& call, std::string_view channel, std::string_view payload) { dispatch(call, channel, payload); });
  publishes_.finish_all(kClosed);
  report_.tell(State::closed);
  finished_ = true;
}

}  // namespace signalbox::kafka

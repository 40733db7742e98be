#include "postgres_broker.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pgbroker {

using signalbox::Capabilities;
using signalbox::Done;
using signalbox::errc;
using signalbox::ExistsDone;
using signalbox::ExistsKind;
using signalbox::Host;
using signalbox::LogLevel;
using signalbox::Message;
using signalbox::Precision;
using signalbox::PublishDone;
using signalbox::Settings;
using signalbox::State;
using signalbox::Status;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kChannelBytes = 768;  // broker.hpp
constexpr std::size_t kPayloadBytes = std::size_t{1} << 20;
constexpr std::size_t kCallOverhead = 256;
constexpr auto kSilence = 3s;  // an answer or an echo that takes longer does not come
constexpr auto kConnect = 5s;

std::string url_of(const Settings& settings) {
  std::string url = settings.text("url");
  char* words = nullptr;  // not told: the URL in them has its password
  PQconninfoOption* parsed = PQconninfoParse(url.c_str(), &words);
  PQfreemem(words);
  if (!parsed) throw std::invalid_argument("url: not a URI of PostgreSQL; write postgresql://user@host:port/database");
  PQconninfoFree(parsed);
  return url;
}

int make_eventfd() {
  const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return descriptor;
}

Status wrong_with(std::string_view channel, std::size_t payload_bytes = 0) {
  if (channel.empty() || channel.size() > kChannelBytes) return {errc::invalid_argument, "a channel has 1 to 768 bytes"};
  if (payload_bytes > kPayloadBytes) return {errc::too_large, "a payload has at most 1 MiB"};
  return {};
}

}  // namespace

// ---- from any thread ----

PostgresBroker::PostgresBroker(const Settings& settings)
    : target_{url_of(settings), settings.text("password"), ""},
      inbox_(static_cast<std::size_t>(settings.integer("queue_bytes"))),
      wake_(make_eventfd()),
      random_(std::random_device{}()) {}

PostgresBroker::~PostgresBroker() {
  if (thread_.joinable()) stop(0ms);
  ::close(wake_);
}

void PostgresBroker::start(Host& host) {
  host_ = &host;
  timeout_ = host.info().call_timeout;
  thread_ = std::thread([this] { run(); });
}

void PostgresBroker::subscribe(std::string_view channel, Done done) {
  post({Call::Kind::subscribe, std::string(channel), {}, std::move(done), wrong_with(channel)});
}

void PostgresBroker::unsubscribe(std::string_view channel, Done done) {
  post({Call::Kind::unsubscribe, std::string(channel), {}, std::move(done), wrong_with(channel)});
}

void PostgresBroker::publish(std::string_view channel, std::string_view payload, PublishDone done) {
  Call call{Call::Kind::publish, {}, {}, std::move(done), wrong_with(channel, payload.size())};
  const std::size_t cost = channel.size() + payload.size() + kCallOverhead;
  if (call.refusal.ok() && !inbox_.reserve(cost)) call.refusal = {errc::overloaded, "queue_bytes are waiting"};
  if (call.refusal.ok()) {
    call.channel = channel;
    call.payload = payload;
    call.cost = cost;
  }
  post(std::move(call));
}

void PostgresBroker::exists(std::string_view channel, ExistsDone done) {
  Call call{Call::Kind::exists, {}, {}, std::move(done), wrong_with(channel)};
  const std::size_t cost = channel.size() + kCallOverhead;
  if (call.refusal.ok() && !inbox_.reserve(cost)) call.refusal = {errc::overloaded, "queue_bytes are waiting"};
  if (call.refusal.ok()) {
    call.channel = channel;
    call.cost = cost;
  }
  post(std::move(call));
}

Capabilities PostgresBroker::capabilities() const {
  Capabilities capabilities;
  capabilities.receivers = Precision::exact;
  capabilities.exists = ExistsKind::authoritative;
  capabilities.dead_host_bound = 20s;  // the TCP settings in opened(), and some
  capabilities.max_payload_bytes = kPayloadBytes;
  return capabilities;
}

void PostgresBroker::stop(std::chrono::milliseconds deadline) {
  stop_within_ms_ = deadline.count();
  wake();
  if (thread_.joinable()) thread_.join();
}

void PostgresBroker::post(Call call) {
  if (inbox_.append(std::move(call), timeout_)) wake();
}

void PostgresBroker::wake() const {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_, &one, sizeof one));  // full: it is awake anyway
}

// ---- the thread ----

void PostgresBroker::run() {
  report(State::connecting, "connecting");
  while (!done_) {
    short seen = 0;
    wait(seen);
    turn(seen);
  }
  session_.reset();
  report(State::closed, "");
}

void PostgresBroker::wait(short& seen) {
  std::array<pollfd, 2> descriptors{{{wake_, POLLIN, 0}, {-1, 0, 0}}};
  if (session_) descriptors[1] = {session_->descriptor(), session_->events(), 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_event() - Clock::now());
  poll(descriptors.data(), descriptors.size(), static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
  if (descriptors[0].revents != 0) {
    std::uint64_t count = 0;
    static_cast<void>(!::read(wake_, &count, sizeof count));
  }
  seen = descriptors[1].revents;
}

/// When something is due though nothing comes.
Time PostgresBroker::next_event() const {
  Time next = channels_.next_expiry();
  if (stop_by_) next = std::min(next, *stop_by_);
  if (!session_) return std::min(next, next_attempt_);
  if (!session_->up()) return std::min(next, running_since_ + kConnect);
  if (running_ != Statement::none) next = std::min(next, running_since_ + kSilence);
  for (const auto* calls : {&asked_, &questions_}) {
    if (!calls->empty()) next = std::min(next, calls->front().deadline);
  }
  if (probed_at_) next = std::min(next, *probed_at_ + kSilence);
  if (running_ == Statement::none && open_) {
    next = std::min(next, next_sweep_);
    if (!probed_at_) next = std::min(next, next_probe_);
  }
  return next;
}

void PostgresBroker::turn(short seen) {
  if (session_) {
    session_->advance(seen);
    read();
    drop_if_lost();
  }
  if (!stop_by_ && stop_within_ms_ >= 0) begin_to_stop();
  take_calls();
  check_time();
  if (!session_ && !stop_by_ && Clock::now() >= next_attempt_) connect();
  if (session_ && session_->idle() && running_ == Statement::none) send_next();
  drop_if_lost();
  if (stop_by_ && (left_ || !session_ || Clock::now() >= *stop_by_)) finish_stopping();
}

void PostgresBroker::drop_if_lost() {
  if (session_ && session_->lost()) lose(*session_->lost());
}

void PostgresBroker::take_calls() {
  std::vector<Call> calls;
  inbox_.take(calls);
  for (Call& call : calls) take_call(call);
}

void PostgresBroker::take_call(Call& call) {
  if (!call.refusal.ok()) return finish(call, call.refusal);
  if (stop_by_) return finish(call, {errc::closed, "the broker is stopped"});
  if (call.kind == Call::Kind::subscribe) {
    channels_.subscribe(call.channel, std::move(std::get<Done>(call.done)), call.deadline);
  } else if (call.kind == Call::Kind::unsubscribe) {
    channels_.unsubscribe(call.channel, std::move(std::get<Done>(call.done)), call.deadline);
  } else if (state_ != State::ready) {
    finish(call, {errc::unavailable, reason_});
  } else {
    questions_.push_back(std::move(call));
  }
}

void PostgresBroker::finish(Call& call, const Status& status, std::uint64_t receivers) {
  inbox_.release(call.cost);
  call.finish(status, receivers);
}

/// Hands over what has come in one go.
void PostgresBroker::read() {
  std::deque<std::string> bytes;  // strings that stay where they are
  std::vector<Message> messages;
  bool malformed = false;
  std::string text;
  while (session_->next_notification(text)) {
    if (text == "probe") {
      probed_at_.reset();
      echoed_ = true;
      continue;
    }
    const Assembler::Outcome outcome = assembler_.feed(text);
    malformed = malformed || outcome == Assembler::Outcome::malformed;
    if (outcome != Assembler::Outcome::complete) continue;
    const std::string& channel = bytes.emplace_back(assembler_.channel());
    if (!channels_.receives(channel)) continue;
    messages.push_back({channel, bytes.emplace_back(assembler_.payload())});
  }
  if (!messages.empty()) host_->deliver(messages);
  if (malformed) host_->gap({}, "a notification could not be read");
  if (auto answer = session_->answer()) answered(*answer);
  // Not before the session is free: the first publish shall not wait for the rest of the probe.
  if (echoed_ && running_ != Statement::probe) {
    echoed_ = false;
    if (state_ != State::ready && channels_.recovered()) enter_ready();
  }
}

void PostgresBroker::check_time() {
  const Time now = Clock::now();
  const bool overdue = channels_.expire(now);
  if (!session_) return;
  if (!session_->up()) {
    if (now >= running_since_ + kConnect) lose({Fault::Kind::lost, "the server does not answer"});
    return;
  }
  const bool silent =
      (running_ != Statement::none && now >= running_since_ + kSilence) || (probed_at_ && now >= *probed_at_ + kSilence);
  const auto late = [&](const std::deque<Call>& calls) { return !calls.empty() && now >= calls.front().deadline; };
  if (silent || (overdue && state_ == State::ready) || late(asked_) || late(questions_)) {
    lose({Fault::Kind::lost, "no answer in time"});
  }
}

// ---- the session ----

void PostgresBroker::connect() {
  Connection::Target target = target_;
  target.name = "signalbox " + std::string(host_->info().instance_id);
  session_.emplace(target, [this](std::string_view text) { host_->log(LogLevel::debug, text); });
  running_since_ = Clock::now();
}

/// The session belongs to us and may be used: it has a number, listens, and holds the lock that says that it lives.
void PostgresBroker::opened() {
  open_ = true;
  next_probe_ = Clock::now();
  next_sweep_ = next_probe_ + kSweepEvery;
  assembler_ = {};
  channels_.link_up();
}

/// fault: by value, as the session's own goes with it.
void PostgresBroker::lose(Fault fault) {
  session_.reset();
  running_ = Statement::none;
  open_ = echoed_ = false;
  probed_at_.reset();
  for (Call& call : std::exchange(asked_, {})) {
    const bool sent = call.kind == Call::Kind::publish;
    finish(call, {sent ? errc::unknown_outcome : errc::unavailable, fault.text});
  }
  refuse_questions(fault.text);
  channels_.link_down();

  const Time now = Clock::now();
  if (!away_since_) away_since_ = now;
  next_attempt_ = now + pause(now - *away_since_, fault.kind == Fault::Kind::auth || fault.kind == Fault::Kind::config);
  if (stop_by_) return;
  if (state_ == State::ready) host_->log(LogLevel::warning, "lost the session: " + fault.text);
  if (fault.kind == Fault::Kind::auth) return report(State::failed, "auth: " + fault.text);
  if (fault.kind == Fault::Kind::config) return report(State::failed, "config: " + fault.text);
  report(was_ready_ ? State::degraded : State::connecting, fault.text);
}

/// Drawn below a limit that doubles with the outage, from 100 ms to 5 s, so that instances do not come back in step; what only
/// an operator can mend is tried slowly.
std::chrono::milliseconds PostgresBroker::pause(Clock::duration outage, bool slowly) {
  std::int64_t longest = 100;
  while (longest < 5000 && outage >= std::chrono::milliseconds(8 * longest)) longest *= 2;
  longest = slowly ? 5000 : std::min<std::int64_t>(longest, 5000);
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(slowly ? 2500 : 10, longest)(random_));
}

void PostgresBroker::refuse_questions(const std::string& why) {
  for (Call& call : std::exchange(questions_, {})) finish(call, {errc::unavailable, why});
}

void PostgresBroker::enter_ready() {
  if (stop_by_) return;
  away_since_.reset();
  if (was_ready_) host_->gap({}, reason_);
  was_ready_ = true;
  report(State::ready, "");
}

void PostgresBroker::report(State state, const std::string& reason) {
  if (state == state_ && reason == reason_) return;
  state_ = state;
  reason_ = reason;
  const std::string_view view = reason_;
  host_->state(state, {&view, view.empty() ? 0u : 1u});
}

// ---- the end ----

/// The statement that runs may end, then the session leaves in order; nothing else is begun.
void PostgresBroker::begin_to_stop() {
  stop_by_ = Clock::now() + std::chrono::milliseconds(stop_within_ms_);
  for (Call& call : std::exchange(questions_, {})) finish(call, {errc::closed, "the broker is stopped"});
  if (session_ && !open_) left_ = true;
}

void PostgresBroker::finish_stopping() {
  const Status closed{errc::closed, "the broker is stopped"};
  for (Call& call : std::exchange(asked_, {})) finish(call, closed);
  take_calls();
  channels_.close(closed);
  done_ = true;
}

}  // namespace pgbroker

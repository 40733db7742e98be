#include "brokers/redis/engine.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace signalbox::redis {
namespace {

const Status kNotConfirmed{errc::unavailable, "the channel is not confirmed again yet"};
const Status kLate{errc::unavailable, "not sent in time"};
const Status kBehind{errc::overloaded, "the server is behind with its answers"};

std::chrono::nanoseconds thread_time() noexcept {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

NodeOptions node_options(const Options& options, const HostInfo& info, const HashTags* tags) {
  NodeOptions node;
  node.login = options.login;
  node.instance_id = info.instance_id;
  node.channel_prefix = info.channel_prefix;
  node.call_timeout = info.call_timeout;
  node.subscriber_connections = options.subscriber_connections;
  node.resubscribe_rate = Engine::kResubscribeRate;
  if (options.mode == Mode::sentinel) node.wanted = Wanted::found_master;
  if (options.mode == Mode::cluster) node.wanted = Wanted::cluster_master;
  node.one_of_several = options.mode == Mode::shards || options.mode == Mode::cluster;
  node.tags = tags;
  return node;
}

constexpr std::string_view kMissed = "the channel's server was lost, or has changed";
constexpr std::string_view kMissedLate = "the channel's server has changed, and others may have followed later";

std::string in_microseconds(std::chrono::nanoseconds time) { return std::to_string(time.count() / 1000) + " us"; }

}  // namespace

Engine::Engine(const Options& options, TlsContext* tls, Host& host, brokers::Intake& intake, brokers::Budget& budget)
    : host_(host),
      context_{loop_.io(), tls, [this] { loop_.request_turn(); }, std::mt19937(std::random_device{}())},
      topology_(make_topology(options, context_, host.info())),
      nodes_(context_, *topology_, node_options(options, host.info(), topology_->tags()), budget, *this),
      queue_(intake, budget, host) {}

Engine::~Engine() { stop(std::chrono::milliseconds(0)); }

void Engine::start() { loop_.start(); }

void Engine::stop(std::chrono::milliseconds deadline) {
  if (!loop_.running()) return;
  loop_.post([this, stop_at = Clock::now() + deadline] {
    stopping_ = true;
    stop_at_ = stop_at;
    queue_.refuse_all();
    nodes_.drain();
    loop_.request_turn();
  });
  loop_.join();
}

/// When debug messages are logged, with a clock in hand.
void Engine::run(boost::asio::io_context& io) {
  if (!host_.log_enabled(LogLevel::debug)) return LoopEvents::run(io);
  std::chrono::nanoseconds longest{0};
  for (std::size_t ran = 1; ran != 0;) {
    const auto before = thread_time();
    ran = io.run_one();
    const auto took = thread_time() - before;
    if (took > kLongHandler) host_.log(LogLevel::debug, "a handler took " + in_microseconds(took) + " of CPU time");
    longest = std::max(longest, took);
  }
  host_.log(LogLevel::debug, "the longest handler took " + in_microseconds(longest) + " of CPU time");
}

bool Engine::at_rest() const noexcept {
  return report_.state() == State::ready && !stopping_ && queue_.empty() && nodes_.at_rest();
}

void Engine::on_turn(Time now) {
  take_calls(now);
  if (stopping_) return drain(now);
  if (nodes_.turn(now)) all_followed_at_ = now + kAllFollowed;
  update_state(now);
  tell_late_gaps(now);
}

void Engine::take_calls(Time now) {
  const auto take = [&](brokers::Call& call, std::string_view channel, std::string_view payload, Time deadline) {
    dispatch(call, channel, payload, deadline, now);
  };
  if (queue_.take_slice(take)) loop_.request_turn();
}

void Engine::dispatch(brokers::Call& call, std::string_view channel, std::string_view payload, Time deadline, Time now) {
  const HashTags* tags = topology_->tags();
  if (tags) {
    tags->tagged(channel, channel_);
  } else {
    channel_.assign(channel);
  }
  Nodes::Place& place = nodes_.of(channel_);
  Node& node = *place.node;
  if (call.kind == brokers::Call::Kind::subscribe) {
    node.subscriber(channel_).subscribe(channel_, std::move(std::get<Done>(call.done)), deadline);
  } else if (call.kind == brokers::Call::Kind::unsubscribe) {
    node.subscriber(channel_).unsubscribe(channel_, std::move(std::get<Done>(call.done)), deadline);
  } else if (!place.serving || !node.command_established()) {
    queue_.refuse(call,
                  {errc::unavailable, place.reason.empty() ? std::string_view("not ready") : std::string_view(place.reason)});
  } else if (!place.settled && node.subscriber(channel_).awaits(channel_)) {
    queue_.refuse(call, kNotConfirmed);
  } else if (now >= deadline) {
    queue_.refuse(call, kLate);
  } else if (node.command().behind()) {
    queue_.refuse(call, kBehind);
  } else if (call.kind == brokers::Call::Kind::publish) {
    node.command().publish(channel_, payload, call.cost, std::move(std::get<PublishDone>(call.done)), deadline);
  } else {
    node.command().exists(channel_, call.cost, std::move(std::get<ExistsDone>(call.done)), deadline);
  }
}

/// Reasons are put into words when they are new, and else once a tick: a server that is away costs the turns in which the
/// others serve nothing more.
void Engine::update_state(Time now) {
  if (nodes_.look()) return enter_ready();
  const bool was_ready = report_.state() == State::ready;
  if (!was_ready && !nodes_.newly_unsettled() && now < reasons_due_) return;
  reasons_due_ = now + kTick;
  Trouble trouble = nodes_.trouble();
  if (was_ready) outage_ = trouble.reasons.front();
  report_.tell(trouble.state(was_ready_), std::move(trouble.reasons));
}

/// Where one server holds everything, whatever disturbs it concerns all; where several do, each channel has been told when it
/// was confirmed again.
void Engine::enter_ready() {
  if (report_.state() == State::ready) return;
  if (!nodes_.several() && (was_ready_ || nodes_.lost_a_link())) {
    tell_gap({}, outage_.empty() ? "a connection was lost" : outage_, Clock::now());
  }
  was_ready_ = true;
  outage_.clear();
  report_.tell(State::ready);
}

void Engine::on_missed(std::span<const std::string_view> channels) {
  if (nodes_.several()) tell_gap(channels, kMissed, Clock::now());
}

/// Who publishes may follow later than who subscribes, and until then be told by the former server that nobody is there.
void Engine::tell_gap(std::span<const std::string_view> channels, std::string_view reason, Time now) {
  host_.gap(channels, reason);
  if (now < all_followed_at_) late_gaps_.push_back({all_followed_at_, {channels.begin(), channels.end()}});
}

void Engine::tell_late_gaps(Time now) {
  for (; !late_gaps_.empty() && late_gaps_.front().due <= now; late_gaps_.pop_front()) {
    const std::vector<std::string>& channels = late_gaps_.front().channels;
    host_.gap(std::vector<std::string_view>(channels.begin(), channels.end()), kMissedLate);
  }
}

void Engine::tell_warning(Time now) {
  if (!topology_->warns()) {
    warning_since_.reset();
    if (!warned_.empty()) host_.log(LogLevel::info, "over: " + std::exchange(warned_, {}));
  } else if (!warning_since_) {
    warning_since_ = now;
  } else if (warned_.empty() && now - *warning_since_ >= kWarnAfter) {
    warned_ = topology_->warning();
    host_.log(LogLevel::warning, warned_);
  }
}

void Engine::drain(Time now) {
  const bool drained = nodes_.drain_turn(now);
  if (drained || now >= stop_at_) finish();
}

void Engine::finish() {
  nodes_.close();
  queue_.close();
  report_.tell(State::closed);
  loop_.end();
}

}  // namespace signalbox::redis

#include "brokers/redis/engine.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>

namespace signalbox::redis {
namespace {

const Status kClosed{errc::closed, "the broker is stopped"};

}  // namespace

Engine::Engine(const Options& options, TlsContext* tls, std::unique_ptr<Topology> topology, Host& host, Intake& intake,
               Budget& budget)
    : host_(host),
      intake_(intake),
      budget_(budget),
      topology_(std::move(topology)),
      context_{io_, tls, host.info().call_timeout, [this] { request_turn(); }, std::mt19937(std::random_device{}())} {
  const HostInfo& info = host.info();
  const NodeOptions node{options.login,     std::string(info.instance_id),  std::string(info.channel_prefix),
                         info.call_timeout, options.subscriber_connections, kResubscribeRate};
  SubscriberEvents& events = *this;
  for (const Endpoint& endpoint : topology_->nodes()) {
    nodes_.push_back(std::make_unique<Node>(context_, endpoint, node, budget_, events));
  }
}

void Engine::start() {
  boost::asio::post(io_, [this] { tick(); });
  thread_ = std::thread([this] { run(); });
}

/// What throws here is memory that ran out: the loop goes on with what is left of the work.
void Engine::run() {
  pthread_setname_np(pthread_self(), "redis");
  const auto guard = boost::asio::make_work_guard(io_);
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& e) {
      host_.log(LogLevel::error, e.what());
    }
  }
}

Engine::~Engine() { stop(std::chrono::milliseconds(0)); }

void Engine::wake() {
  boost::asio::post(io_, [this] { request_turn(); });
}

void Engine::stop(std::chrono::milliseconds deadline) {
  if (!thread_.joinable()) return;
  boost::asio::post(io_, [this, stop_at = Clock::now() + deadline] {
    stopping_ = true;
    stop_at_ = stop_at;
    for (const auto& node : nodes_) node->drain();
    request_turn();
  });
  thread_.join();
}

/// Everything that is ready now gets its say first: then all of it leaves in one write.
void Engine::request_turn() {
  if (std::exchange(turn_requested_, true)) return;
  boost::asio::post(io_, [this] { turn(); });
}

void Engine::tick() {
  request_turn();
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void Engine::turn() {
  turn_requested_ = false;
  const Time now = Clock::now();
  take_calls(now);
  if (stopping_) return drain(now);
  for (const auto& node : nodes_) node->turn(now);
  update_state();
}

/// A slice of them, so that no turn is long; the rest in the next.
void Engine::take_calls(Time now) {
  const bool carried_over = !batch_.calls.empty();
  if (!carried_over) intake_.take(batch_);
  for (std::size_t i = 0; i < kCallsPerTurn && next_call_ < batch_.calls.size(); ++i) dispatch_next(now);
  const bool more = next_call_ < batch_.calls.size();
  if (more || carried_over) request_turn();  // the intake wakes once, and this turn did not look into it
  if (more) return;
  batch_.clear();
  next_call_ = next_byte_ = 0;
}

void Engine::dispatch_next(Time now) {
  Call& call = batch_.calls[next_call_++];
  const std::string_view bytes = std::string_view(batch_.bytes).substr(next_byte_);
  next_byte_ += call.channel_bytes + call.payload_bytes;
  dispatch(call, bytes.substr(0, call.channel_bytes), bytes.substr(call.channel_bytes, call.payload_bytes), now);
}

void Engine::dispatch(Call& call, std::string_view channel, std::string_view payload, Time now) {
  const auto refuse = [&](const Status& status) {
    budget_.give_back(call.cost);
    call.finish(status);
  };
  if (!call.refusal.ok()) return refuse(call.refusal);
  if (stopping_) return refuse(kClosed);
  Node& node = *nodes_[topology_->owner(channel)];
  if (call.kind == Call::Kind::subscribe) {
    channel_ = channel;
    node.subscriber(channel).subscribe(channel_, std::move(std::get<Done>(call.done)), now);
  } else if (call.kind == Call::Kind::unsubscribe) {
    channel_ = channel;
    node.subscriber(channel).unsubscribe(channel_, std::move(std::get<Done>(call.done)), now);
  } else if (state_ != State::ready || !node.command_established()) {
    refuse({errc::unavailable, reasons_.empty() ? std::string_view("not ready") : std::string_view(reasons_.front())});
  } else if (call.kind == Call::Kind::publish) {
    node.command().publish(channel, payload, call.cost, std::move(std::get<PublishDone>(call.done)), now);
  } else {
    node.command().exists(channel, call.cost, std::move(std::get<ExistsDone>(call.done)));
  }
}

void Engine::update_state() {
  if (std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->settled(); })) return enter_ready();
  Node::Trouble trouble;
  for (const auto& node : nodes_) node->append_trouble(trouble);
  if (state_ == State::ready) outage_ = trouble.reasons.front();
  const bool failed = trouble.kind != FaultKind::lost;
  report(failed ? State::failed : was_ready_ ? State::degraded : State::connecting, std::move(trouble.reasons));
}

void Engine::enter_ready() {
  if (state_ == State::ready) return;
  const auto lost_a_link = [](const auto& node) { return node->lost_a_link(); };
  if (was_ready_ || std::any_of(nodes_.begin(), nodes_.end(), lost_a_link)) {
    host_.gap({}, outage_.empty() ? "a connection was lost" : outage_);
  }
  was_ready_ = true;
  outage_.clear();
  report(State::ready, {});
}

void Engine::report(State state, std::vector<std::string> reasons) {
  if (state == state_ && reasons == reasons_) return;
  state_ = state;
  reasons_ = std::move(reasons);
  const std::vector<std::string_view> views(reasons_.begin(), reasons_.end());
  host_.state(state_, views);
}

void Engine::drain(Time now) {
  bool drained = true;
  for (const auto& node : nodes_) drained = node->drain_turn(now) && drained;
  if (drained || now >= stop_at_) finish();
}

void Engine::finish() {
  for (const auto& node : nodes_) node->close();
  while (next_call_ < batch_.calls.size()) dispatch_next(stop_at_);
  batch_.clear();
  next_call_ = next_byte_ = 0;
  intake_.close(batch_);
  while (next_call_ < batch_.calls.size()) dispatch_next(stop_at_);
  batch_.clear();
  report(State::closed, {});
  timer_.cancel();
  io_.stop();
}

}  // namespace signalbox::redis

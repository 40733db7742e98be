#include "server/instance.hpp"

#include <algorithm>
#include <utility>

#include "core/config/value.hpp"
#include "server/clients/handshake.hpp"
#include "server/instance_id.hpp"
#include "server/version.hpp"

namespace signalbox {
namespace {

/// How long the broker may take to say goodbye, at most.
constexpr std::chrono::milliseconds kBrokerStop{500};
constexpr std::chrono::milliseconds kPoll{5};

unsigned count_shards(unsigned configured) {
  const unsigned wanted = configured != 0 ? configured : std::max(std::thread::hardware_concurrency(), 1U);
  return std::min(wanted, kMaxShards);
}

}  // namespace

Instance::Instance(Config config, const MessageHandler& messages, Log& log)
    : config_(std::move(config)),
      instance_id_(config_.server.instance_id.empty() ? make_instance_id() : config_.server.instance_id),
      log_(log),
      limits_(config_.limits),
      shard_count_(count_shards(config_.server.threads)),
      sockets_(raise_descriptor_limit(), limits_, shard_count_),
      memory_(limits_, log_),
      queue_total_(limits_, metrics_.connection_queue_bytes, metrics_.inbound_queue_bytes, shard_count_),
      client_sockets_(bind_sockets(config_.server.listen, shard_count_, "server.listen")),
      api_socket_(bind_sockets(config_.api.listen, 1, "api.listen")),
      factory_(config_.broker),
      host_(factory_.name(), instance_id_, config_.broker.channel_prefix, config_.broker.timeout, config_.limits.message_bytes,
            log_, metrics_),
      readiness_(host_),
      broker_(factory_.make(host_)),
      registry_(*broker_, dispatcher_, limits_, config_.broker.channel_prefix, config_.broker.unsubscribe_delay),
      publisher_(*broker_, metrics_, config_.broker.channel_prefix),
      shard_context_{config_,      instance_id_, registry_, limits_,  sockets_, memory_,
                     queue_total_, readiness_,   messages,  metrics_, log_} {
  std::vector<Shard*> shards;
  for (unsigned i = 0; i < shard_count_; ++i) {
    shards_.push_back(std::make_unique<Shard>(i, shard_context_));
    shards.push_back(shards_.back().get());
    listeners_.push_back(std::make_unique<Listener>(
        shards[i]->io(), client_sockets_.descriptors[i], [this] { return sockets_.take_socket(); },
        [this] { sockets_.release_socket(); },
        [shard = shards[i]](Socket&& socket) { start_handshake(*shard, std::move(socket)); }));
  }
  dispatcher_.attach(std::move(shards));
  host_.attach(*broker_, registry_, dispatcher_);
  api_ = std::make_unique<api::ApiServer>(
      api::ApiContext{config_, instance_id_, factory_.version(), *broker_, host_, readiness_, registry_, publisher_, limits_,
                      sockets_, metrics_, log_, std::chrono::steady_clock::now()},
      api_socket_.descriptors.front());
}

Instance::~Instance() {
  if (started_) stop(Clock::now() + kBrokerStop);
}

void Instance::start() {
  started_ = true;
  broker_->start(host_);
  listen_for_orders();
  for (unsigned i = 0; i < shard_count_; ++i) {
    listeners_[i]->start();
    threads_.emplace_back([shard = shards_[i].get()] { shard->run(); });
  }
  api_->start();
  log_start();
}

void Instance::listen_for_orders() {
  broker_->subscribe(control_channel(config_.broker.channel_prefix), [this](const Status& status) {
    if (status.ok() || status.code == errc::unavailable || status.code == errc::closed) return;
    log_.error("the control channel can't be subscribed, DELETE …/connections will not reach this instance: {}: {}",
               status.code.message(), status.detail);
  });
}

void Instance::log_start() const {
  log_.info("signalbox {}: up to {} WebSockets of {} descriptors on {} shards", kVersion, sockets_.max_connections(),
            sockets_.descriptors(), shard_count_);
  warn_of_scarce_descriptors();
  log_.info("ready: id={} listen={} api={} broker={}", instance_id_,
            to_string({config_.server.listen.address, client_sockets_.port}),
            to_string({config_.api.listen.address, api_socket_.port}), factory_.name());
}

void Instance::warn_of_scarce_descriptors() const {
  if (limits_.connections <= sockets_.max_connections()) return;
  log_.warning(
      "limits.connections is {}, but the system allows {} only: raise the limit of open files (ulimit -n, "
      "LimitNOFILE)",
      std::uint64_t{limits_.connections}, sockets_.max_connections());
}

void Instance::apply(const Config& config) {
  limits_.set(config.limits);
  warn_of_scarce_descriptors();
  for (const auto& shard : shards_) shard->reload(config.server.allowed_origins);
  api_->set_keys(config.api.keys);
}

void Instance::tick() {
  registry_.tick(UserRegistry::Clock::now());
  if (readiness_.draining()) return;
  memory_.look(Clock::now());  // while draining nobody is let in anyhow, and giving back would hold the drain up
  if (const std::string line = outage_.line(readiness_.reason(), Clock::now()); !line.empty()) log_.warning("{}", line);
}

void Instance::drain() {
  log_.info("draining {} WebSockets", metrics_.connections.value());
  readiness_.start_draining();
  for (const auto& shard : shards_) shard->drain(config_.server.drain_timeout * 8 / 10);
}

void Instance::stop(Clock::time_point deadline) {
  started_ = false;
  for (unsigned i = 0; i < shard_count_; ++i) {
    boost::asio::post(shards_[i]->io(), [listener = listeners_[i].get()] { listener->stop(); });
    shards_[i]->stop();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  stop_api_and_broker(deadline);
  log_.info("stopped");
}

/// Requests in progress get the broker's answer as long as there is time, and `closed` from its stop() after that.
void Instance::stop_api_and_broker(Clock::time_point deadline) {
  api_->drain();
  const auto for_broker = std::min<Clock::duration>(kBrokerStop, (deadline - Clock::now()) / 2);
  while (!api_->idle() && Clock::now() < deadline - for_broker) std::this_thread::sleep_for(kPoll);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  broker_->stop(std::clamp(left, std::chrono::milliseconds(0), kBrokerStop));
  for (int polls = 0; !api_->idle() && polls < 10; ++polls) std::this_thread::sleep_for(kPoll);
  api_->stop();
}

}  // namespace signalbox

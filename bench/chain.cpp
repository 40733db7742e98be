#include "bench/chain.hpp"

#include <stdexcept>

#include "bench/bare_relay.hpp"
#include "bench/redis_client.hpp"

namespace signalbox::bench {

namespace {

constexpr auto kPatience = std::chrono::seconds(120);

}  // namespace

Chain::Chain(const ChainOptions& options) : options_(options) {
  channels_.reserve(options.users);
  for (std::size_t n = 0; n < options.users; ++n) channels_.push_back(options.user_prefix + std::to_string(n));
}

std::size_t Chain::users_of(std::size_t instance) const {
  return options_.users / options_.instances + (instance < options_.users % options_.instances ? 1 : 0);
}

Chain Chain::of_signalbox(const ChainOptions& options, const BenchmarkOptions& benchmark, const ScratchDirectory& scratch,
                          const std::string& redis_url) {
  Chain chain(options);
  for (std::size_t i = 0; i < options.instances; ++i) {
    chain.servers_.push_back(std::make_unique<SignalboxServer>(scratch, benchmark.signalbox, redis_url, benchmark.settings));
  }
  return chain;
}

Chain Chain::of_bare_parts(const ChainOptions& options, const std::string& redis_url) {
  Chain chain(options);
  for (std::size_t i = 0; i < options.instances; ++i) {
    std::vector<std::string> channels;
    for (std::size_t n = i; n < options.users; n += options.instances) channels.push_back(chain.channels_[n]);
    BareListener& listener = *chain.listeners_.emplace_back(std::make_unique<BareListener>());
    chain.relays_.push_back(
        Process::fork_off([&] { return relay_messages(listener, redis_url, channels, options.instances); }));
  }
  return chain;
}

void Chain::connect(const std::string& redis_url) {
  const bool bare = servers_.empty();
  for (std::size_t i = 0; i < options_.instances; ++i) {
    const ClientOptions client{.port = bare ? listeners_[i]->port() : servers_[i]->port(),
                               .upgrade = !bare,
                               .envelope = options_.envelope && !bare,
                               .first_source = static_cast<std::uint32_t>(2 + 2 * i)};
    receivers_.push_back(std::make_unique<ClientProcess>(client, users_of(i),
                                                         [&](std::size_t n) { return channels_[n * options_.instances + i]; }));
  }
  for (const auto& receivers : receivers_) receivers->wait_ready(kPatience);
  RedisClient redis(redis_url);
  const auto all = [&] { return redis.channel_count() >= channels_.size() && redis.subscribed(channels_) == channels_.size(); };
  receivers_.back()->wait_until(all, kPatience, "all subscribed");
}

std::uint64_t Chain::messages() const {
  std::uint64_t sum = 0;
  for (const auto& receivers : receivers_) sum += receivers->messages();
  return sum;
}

std::uint64_t Chain::pings() const {
  std::uint64_t sum = 0;
  for (const auto& receivers : receivers_) sum += receivers->pings();
  return sum;
}

std::chrono::nanoseconds Chain::instance_cpu() const {
  std::chrono::nanoseconds sum{0};
  for (const auto& server : servers_) sum += cpu_time(server->pid());
  for (const Process& relay : relays_) sum += cpu_time(relay.pid());
  return sum;
}

std::chrono::nanoseconds Chain::receiver_cpu() const {
  std::chrono::nanoseconds sum{0};
  for (const auto& receivers : receivers_) sum += cpu_time(receivers->pid());
  return sum;
}

std::size_t Chain::instance_bytes() const {
  std::size_t sum = 0;
  for (const auto& server : servers_) sum += settled_anonymous_bytes(server->pid());
  for (const Process& relay : relays_) sum += settled_anonymous_bytes(relay.pid());
  return sum;
}

void Chain::forget_latencies() {
  for (const auto& receivers : receivers_) receivers->forget_latencies();
}

Histogram Chain::latencies() const {
  Histogram all;
  for (const auto& receivers : receivers_) all.merge(receivers->latencies());
  return all;
}

}  // namespace signalbox::bench

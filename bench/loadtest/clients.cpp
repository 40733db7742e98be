#include "bench/loadtest/clients.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace signalbox::bench {

namespace {

/// Of a process: what is no user's socket has room beside them.
constexpr std::size_t kMostPerProcess = 15'000;
/// On their way to be registered, over all processes: a throng that waits for itself runs into the time that a handshake may
/// take.
constexpr std::size_t kInFlight = 4'096;
constexpr std::size_t kMostInFlight = 256;  // of a process

}  // namespace

Clients::Clients(const std::vector<RunningInstance>& instances, std::size_t users, std::size_t devices,
                 const std::string& prefix, const Plan& plan, DeliveryRecords& records)
    : size_(users * devices) {
  const std::size_t per_process = std::min(kMostPerProcess, connections_of_a_process(raise_descriptor_limit()));
  const std::size_t processes = instances.size() * (size_ / instances.size() / per_process + 1);
  const std::size_t in_flight = std::clamp<std::size_t>(kInFlight / processes, 1, kMostInFlight);
  std::uint32_t source = 2;  // of 127.0.0.0: each process has two of its own, as a source has only so many ports
  for (std::size_t i = 0; i < instances.size(); ++i) {
    std::size_t left = size_ / instances.size() + (i < size_ % instances.size() ? 1 : 0);
    for (std::size_t first = i; left > 0; source += 2) {
      const Share share{std::min(left, per_process), first, instances.size(), devices};
      const Endpoint& endpoint = instances[i].clients;
      const ClientOptions client{
          .address = endpoint.address, .port = endpoint.port, .in_flight = in_flight, .first_source = source};
      receivers_.push_back(std::make_unique<Receivers>(client, share, prefix, plan, records));
      left -= share.clients;
      first += share.clients * instances.size();
    }
  }
}

Clients::~Clients() {
  for (const auto& receivers : receivers_) receivers->ask_to_stop();
}

bool Clients::all_registered() {
  std::size_t registered = 0;
  for (const auto& receivers : receivers_) {
    if (!receivers->running()) throw std::runtime_error("a process of receivers is gone");
    const Receivers::Counts counts = receivers->counts();
    if (counts.clients_lost > 0) throw std::runtime_error("a client failed: " + receivers->reason());
    registered += counts.registered;
  }
  return registered == size_;
}

Receivers::Counts Clients::counts() const {
  Receivers::Counts sum;
  for (const auto& receivers : receivers_) sum += receivers->counts();
  return sum;
}

Timeline::Clock::time_point Clients::last_delivery() const {
  Timeline::Clock::time_point last{};
  for (const auto& receivers : receivers_) last = std::max(last, receivers->last_delivery());
  return last;
}

Histogram Clients::latencies() const {
  Histogram all;
  for (const auto& receivers : receivers_) all.merge(receivers->latencies());
  return all;
}

Second Clients::second(std::size_t number) const {
  Second sum;
  for (const auto& receivers : receivers_) {
    const Timeline::Second& part = receivers->timeline().second(number);
    sum.delivered += part.count;
    sum.longest = std::max(sum.longest, std::chrono::nanoseconds(part.longest));
  }
  return sum;
}

std::set<std::string> Clients::failures() const {
  std::set<std::string> reasons;
  for (const auto& receivers : receivers_) {
    if (receivers->counts().clients_lost > 0) reasons.insert(receivers->reason());
  }
  return reasons;
}

std::vector<pid_t> Clients::pids() const {
  std::vector<pid_t> pids;
  for (const auto& receivers : receivers_) pids.push_back(receivers->pid());
  return pids;
}

void Clients::begin(const Leg& leg, Timeline::Clock::time_point time) noexcept {
  for (const auto& receivers : receivers_) receivers->begin(leg, time);
}

}  // namespace signalbox::bench

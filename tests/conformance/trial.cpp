#include "tests/conformance/trial.hpp"

#include <algorithm>
#include <iterator>
#include <random>
#include <thread>
#include <utility>

#include "core/plugins/host_table.hpp"

namespace signalbox::conformance {

std::vector<std::string> Peer::payloads(std::string_view channel) const {
  std::vector<std::string> found;
  for (auto& [name, payload] : host_->snapshot().delivered) {
    if (name == channel) found.push_back(std::move(payload));
  }
  return found;
}

bool Peer::wait_payloads(std::string_view channel, std::size_t count, milliseconds within) const {
  return host_->wait(
      [&](const RecordingHost::Snapshot& seen) {
        const auto ours = [&](const RecordingHost::Delivered& one) { return one.first == channel; };
        return static_cast<std::size_t>(std::count_if(seen.delivered.begin(), seen.delivered.end(), ours)) >= count;
      },
      within);
}

bool Peer::undisturbed() const {
  const auto seen = host_->snapshot();
  const auto ready = std::find(seen.states.begin(), seen.states.end(), State::ready);
  return ready != seen.states.end() && std::next(ready) == seen.states.end() && seen.gaps.empty();
}

Moment Peer::moment() const {
  const auto seen = host_->snapshot();
  return {seen.states.size(), seen.gaps.size()};
}

bool Peer::wait_not_ready(const Moment& since, milliseconds within) const {
  return host_->wait(
      [&](const RecordingHost::Snapshot& seen) {
        const auto begin = seen.states.begin() + static_cast<std::ptrdiff_t>(since.states);
        return std::any_of(begin, seen.states.end(), [](State state) { return state != State::ready; });
      },
      within);
}

bool Peer::wait_recovered(const Moment& since, milliseconds within) const {
  return host_->wait(
      [&](const RecordingHost::Snapshot& seen) {
        const auto begin = seen.states.begin() + static_cast<std::ptrdiff_t>(since.states);
        const auto lost = std::find_if(begin, seen.states.end(), [](State state) { return state != State::ready; });
        return lost != seen.states.end() && seen.states.back() == State::ready;
      },
      within);
}

void Peer::stop(milliseconds deadline) {
  if (std::exchange(stopped_, true)) return;
  broker_->stop(deadline);
  host_->stopped();
}

Trial::Trial(const Subject& subject, Backend& backend, HolderCommand holder)
    : subject_(subject), backend_(backend), holder_(std::move(holder)) {
  std::random_device random;
  prefix_ = "conformance:" + std::to_string(random()) + std::to_string(random()) + ":";
  backend_.use_prefix(prefix_);
}

std::unique_ptr<Peer> Trial::peer(PeerOptions options) {
  auto host = std::make_shared<RecordingHost>(prefix_ + "peer-" + std::to_string(++made_), prefix_);
  hosts_.push_back(host);
  host->mutable_info().call_timeout = options.call_timeout;
  Values values = options.through_proxy ? backend_.values_through(proxy().port()) : backend_.values();
  values.insert(values.end(), options.values.begin(), options.values.end());
  std::unique_ptr<Broker> broker = subject_.make(*host, values);
  broker->start(*host);
  auto peer = std::make_unique<Peer>(std::move(host), std::move(broker));
  if (options.wait_ready) {
    EXPECT_TRUE(peer->host().wait_state(State::ready)) << "not ready: " << peer->host().snapshot().reason << "\n"
                                                       << peer->host().log_text();
    if (!std::exchange(was_ready_, true)) capabilities_ = (**peer).capabilities();
  }
  return peer;
}

namespace {

/// connecting before the first ready and never again, degraded never before it, nothing behind closed.
void expect_states_in_order(const std::vector<State>& states) {
  bool was_ready = false;
  for (std::size_t i = 0; i < states.size(); ++i) {
    EXPECT_FALSE(was_ready && states[i] == State::connecting) << "connecting again";
    EXPECT_FALSE(!was_ready && states[i] == State::degraded) << "degraded before it was ever ready";
    EXPECT_FALSE(states[i] == State::closed && i + 1 < states.size()) << "a state behind closed";
    was_ready = was_ready || states[i] == State::ready;
  }
}

}  // namespace

void Trial::expect_clean_hosts() const {
  for (const auto& host : hosts_) {
    const auto seen = host->snapshot();
    EXPECT_EQ(seen.late, 0u) << "the host was called after stop() had returned";
    EXPECT_EQ(seen.overlapping_states, 0u) << "two calls of state() at once";
    expect_states_in_order(seen.states);
    const std::string log = host->log_text();
    EXPECT_EQ(log.find(kToldOnce), std::string::npos) << log;
    const std::string secret = backend_.secret();
    EXPECT_TRUE(secret.empty() || (log + seen.reason).find(secret) == std::string::npos) << "a secret was told";
  }
}

std::unique_ptr<Peer> Trial::peer_through_proxy() {
  PeerOptions options;
  options.through_proxy = true;
  return peer(options);
}

test::FaultProxy& Trial::proxy() {
  if (!proxy_) proxy_ = backend_.make_proxy();
  return *proxy_;
}

std::unique_ptr<test::Process> Trial::hold(const std::vector<std::string>& channels, const std::string& instance) {
  std::vector<std::string> line = holder_.line;
  line.insert(line.end(), {"--prefix", prefix_, "--instance", instance});
  for (const auto& [key, value] : backend_.values()) line.insert(line.end(), {"--set", key + "=" + value});
  for (const std::string& channel : channels) line.insert(line.end(), {"--hold", channel});
  auto process = std::make_unique<test::Process>(std::move(line));
  EXPECT_TRUE(process->wait_for_output("holding\n")) << process->errors();
  settle();
  return process;
}

void Trial::settle() const {
  if (capabilities_.propagation_hint > 0ms) std::this_thread::sleep_for(scaled(capabilities_.propagation_hint));
}

void Trial::expect_receivers(const Outcome& outcome, std::size_t holders) const {
  ASSERT_TRUE(outcome.ok()) << outcome.code.message() << ": " << outcome.detail;
  EXPECT_GE(outcome.receivers.precision, capabilities_.receivers) << "less than it promises";
  switch (outcome.receivers.precision) {
    case Precision::exact: EXPECT_EQ(outcome.receivers.count, holders); break;
    case Precision::at_least:
      EXPECT_EQ(outcome.receivers.count == 0, holders == 0);
      EXPECT_LE(outcome.receivers.count, holders);
      break;
    case Precision::estimate: EXPECT_EQ(outcome.receivers.count, holders) << "after the propagation hint"; break;
    case Precision::unknown: break;
  }
}

void Trial::expect_exists(const Outcome& outcome, bool exists) const {
  if (capabilities_.exists == ExistsKind::unsupported) {
    EXPECT_EQ(outcome.code, errc::unsupported);
    return;
  }
  EXPECT_TRUE(outcome.ok()) << outcome.code.message() << ": " << outcome.detail;
  EXPECT_EQ(outcome.exists, exists);
}

}  // namespace signalbox::conformance

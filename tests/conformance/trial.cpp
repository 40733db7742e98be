#include "tests/conformance/trial.hpp"

#include <algorithm>
#include <iterator>
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

void Peer::stop(milliseconds deadline) {
  if (!broker_ || std::exchange(stopped_, true)) return;
  broker_->stop(deadline);
  host_->stopped();
}

std::unique_ptr<Peer> Trial::peer(PeerOptions options) {
  auto host =
      std::make_shared<RecordingHost>("conformance-" + std::to_string(::getpid()) + "-" + std::to_string(++made_), prefix_);
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

void Trial::expect_clean_hosts() const {
  for (const auto& host : hosts_) {
    EXPECT_EQ(host->snapshot().late, 0u) << "the host was called after stop() had returned";
    const std::string log = host->log_text();
    EXPECT_EQ(log.find(kToldOnce), std::string::npos) << log;
  }
}

test::FaultProxy& Trial::proxy() {
  if (!proxy_) proxy_ = std::make_unique<test::FaultProxy>(backend_.port());
  return *proxy_;
}

std::unique_ptr<test::Process> Trial::hold(const std::vector<std::string>& channels) {
  std::vector<std::string> line = holder_.line;
  line.insert(line.end(), {"--prefix", prefix_});
  for (const auto& [key, value] : backend_.values()) line.insert(line.end(), {"--set", key + "=" + value});
  for (const std::string& channel : channels) line.insert(line.end(), {"--hold", channel});
  auto process = std::make_unique<test::Process>(std::move(line));
  EXPECT_TRUE(process->wait_for_output("holding\n")) << process->errors();
  settle();
  return process;
}

void Trial::settle() const {
  if (capabilities_.propagation_hint > 0ms) std::this_thread::sleep_for(capabilities_.propagation_hint);
}

void Trial::expect_receivers(const Outcome& outcome, std::size_t holders) const {
  ASSERT_TRUE(outcome.ok()) << outcome.code.message() << ": " << outcome.detail;
  EXPECT_EQ(outcome.receivers.precision, capabilities_.receivers);
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

#include "bench/loadtest/measurement.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "bench/http_get.hpp"
#include "bench/interrupt.hpp"
#include "bench/loadtest/numbers.hpp"

namespace signalbox::bench {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

/// Beyond what a publisher itself waits for its broker.
constexpr auto kReadyPatience = 70s;
/// From when a publisher is told to begin until its first message is due.
constexpr auto kHead = 200ms;
/// A message that has not come so long after the last that did, with the publisher done, is lost.
constexpr auto kDrain = 5s;
/// What comes a second time may do so after everything has come once.
constexpr auto kDuplicates = 300ms;
constexpr auto kProgressPause = 200ms;
/// With faults, instances are asked whether they are ready so often.
constexpr auto kReadyPause = 20ms;
/// Beyond these the generator measures itself.
constexpr double kBusyThread = 0.9;
constexpr auto kLateGenerator = 10ms;
constexpr double kBusyMachine = 0.95;

double cores(nanoseconds used, nanoseconds time) {
  return time.count() == 0 ? 0 : static_cast<double>(used.count()) / static_cast<double>(time.count());
}

}  // namespace

Measurement::Measurement(const Scene& scene, const Leg& leg, std::vector<Fault> faults, Tell tell, Result& result)
    : scene_(scene), leg_(leg), faults_(std::move(faults)), tell_(std::move(tell)), result_(result) {
  std::sort(faults_.begin(), faults_.end(), [](const Fault& a, const Fault& b) { return a.at < b.at; });
}

void Measurement::run() {
  publisher_ = std::make_unique<LoadPublisher>(scene_.publisher, scene_.plan, scene_.books, leg_);
  if (!wait_for([&] { return publisher_->ready(); }, kReadyPatience)) throw std::runtime_error("the publisher can't begin");
  const Clock::time_point start = Clock::now() + kHead;
  begin_ = Schedule(start, leg_.per_second).intended(leg_.warmup);
  scene_.crowd.begin(leg_, begin_);
  publisher_->begin(start);
  wait_while([&] { return Clock::now() < begin_; });

  const Machine machine;
  const Spent instances(scene_.group.pids());
  const Spent generator(generator_pids());
  const Spent broker(broker_pids());
  broker_cpu_ = cpu_time_of(broker_pids());
  nanoseconds& broker_spent = broker_usage().cpu = nanoseconds(0);
  wait_while([&] { return !publisher_->done() || !faults_.empty(); });
  wait_arrivals();

  const nanoseconds time = Clock::now() - begin_;
  result_.machine_busy = machine.busy();
  result_.measuring = std::max(scene_.crowd.last_arrival(), begin_) - begin_;
  broker_spent += cpu_time_of(broker_pids()) - broker_cpu_;
  result_.busiest.clear();
  const auto note = [&](const char* name, nanoseconds most) { result_.busiest.emplace_back(name, cores(most, time)); };
  note("a thread of an instance", instances.busiest_thread(scene_.group.pids()));
  note("a thread of the broker", broker.busiest_thread(broker_pids()));
  note("a thread of the generator", generator.busiest_thread(generator_pids()));
  if (result_.instance_usage) result_.instance_usage->cpu = instances.all(scene_.group.pids());
  result_.generator_usage.cpu = generator.all(generator_pids());
  conclude();
}

template <class Condition>
void Measurement::wait_while(const Condition& condition) {
  Clock::time_point told{};
  while (condition()) {
    const bool faulty = !result_.recoveries.empty() || !faults_.empty();
    pause_for(faulty ? kReadyPause : kProgressPause);
    look_after();
    const Clock::time_point now = Clock::now();
    if (now - told < kProgressPause) continue;
    told = now;
    const std::uint64_t sent = publisher_->sent();
    const double share = 100 * static_cast<double>(sent) / static_cast<double>(leg_.warmup + leg_.messages);
    tell_(std::string(sent < leg_.warmup ? "warming up" : "measuring") + ", " + fixed(share, 0) + " %, sent " + grouped(sent) +
          ", arrived " + grouped(scene_.crowd.counts().measured));
  }
}

/// Faults that are due happen, and once one has, it is seen when all instances are ready again.
void Measurement::look_after() {
  if (!faults_.empty() && Clock::now() >= begin_ + faults_.front().at) {
    const Fault fault = faults_.front();
    faults_.erase(faults_.begin());
    strike(fault);
  }
  if (result_.recoveries.empty()) return;
  if (!all_ready()) unready_ = Clock::now();
  Recovery& last = result_.recoveries.back();
  if (unready_ - begin_ > last.at) last.ready = unready_ - begin_ - last.at;
}

bool Measurement::all_ready() const {
  const auto& instances = scene_.group.instances();
  return std::all_of(instances.begin(), instances.end(), [](const RunningInstance& instance) {
    return http_get(instance.api.address, instance.api.port, "/readyz").status == 200;
  });
}

void Measurement::strike(const Fault& fault) {
  const Clock::time_point began = Clock::now();
  tell_("fault, " + fault.text);
  if (fault.kind == Fault::Kind::restart_broker) broker_usage().cpu += cpu_time_of(broker_pids()) - broker_cpu_;
  scene_.group.inflict(fault);
  if (fault.kind == Fault::Kind::restart_broker) broker_cpu_ = nanoseconds(0);
  result_.recoveries.push_back({.fault = fault.text, .at = began - begin_, .over = Clock::now() - began});
}

Usage& Measurement::broker_usage() { return result_.broker_usage ? *result_.broker_usage : unknown_usage_; }

Balance Measurement::sums() const {
  return balance(scene_.books, leg_.measured_from(), leg_.end(), static_cast<std::uint32_t>(scene_.devices));
}

void Measurement::wait_arrivals() {
  const Clock::time_point done = Clock::now();
  wait_while([&] { return sums().lost() > 0 && Clock::now() - std::max(done, scene_.crowd.last_arrival()) < kDrain; });
  pause_for(kDuplicates);
}

void Measurement::conclude() {
  result_.messages = sums();
  result_.arrivals = scene_.crowd.counts();
  result_.latency = scene_.crowd.latencies();
  result_.generator_lag = publisher_->lag();
  result_.refusals.clear();
  for (std::size_t status = 0; status < LoadPublisher::kStatuses; ++status) {
    const std::uint64_t answers = publisher_->answers(status);
    if (status != 200 && answers > 0) result_.refusals.emplace_back(static_cast<int>(status), answers);
  }
  fill_timeline();
  if (!result_.recoveries.empty() && !all_ready()) result_.remarks.emplace_back("an instance was not ready again at the end");
  if (!publisher_->fault().empty()) result_.remarks.push_back("given up: " + publisher_->fault());
  for (const std::string& reason : scene_.crowd.failures()) result_.remarks.push_back("a client was lost: " + reason);
  if (result_.generator_lag.percentile(99) > kLateGenerator) {
    result_.remarks.push_back("the generator was late itself, p99 " + milliseconds(result_.generator_lag.percentile(99)) +
                              " ms: latencies hold that too");
  }
  for (const auto& [name, share] : result_.busiest) {
    if (share > kBusyThread) result_.remarks.push_back(name + " used " + fixed(100 * share, 0) + " % of a core");
  }
  if (result_.machine_busy > kBusyMachine) {
    result_.remarks.push_back("all cores of the machine were busy (" + fixed(100 * result_.machine_busy, 0) +
                              " %): latencies are of a full machine");
  }
}

void Measurement::fill_timeline() {
  result_.timeline.clear();
  const auto seconds = static_cast<std::size_t>(std::chrono::ceil<std::chrono::seconds>(result_.measuring).count());
  for (std::size_t n = 0; n < std::min(seconds, Timeline::kSeconds); ++n) {
    Second second = scene_.crowd.second(n);
    second.offered = publisher_->timeline().second(n).count;
    result_.timeline.push_back(second);
  }
}

std::vector<pid_t> Measurement::broker_pids() const {
  BrokerServer* server = scene_.group.broker_server();
  return server == nullptr ? std::vector<pid_t>() : std::vector<pid_t>{server->pid()};
}

std::vector<pid_t> Measurement::generator_pids() const {
  std::vector<pid_t> pids = scene_.crowd.pids();
  pids.push_back(publisher_->pid());
  return pids;
}

}  // namespace signalbox::bench

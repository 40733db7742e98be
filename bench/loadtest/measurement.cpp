#include "bench/loadtest/measurement.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "bench/http_get.hpp"
#include "bench/interrupt.hpp"
#include "bench/loadtest/bottleneck.hpp"
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
/// With faults, instances are asked whether they are ready so often; after the last message, whether it is delivered.
constexpr auto kShortPause = 20ms;

}  // namespace

Measurement::Measurement(const TestBed& bed, const Leg& leg, std::vector<Fault> faults, Tell tell, Result& result)
    : bed_(bed), leg_(leg), faults_(std::move(faults)), tell_(std::move(tell)), result_(result) {
  std::sort(faults_.begin(), faults_.end(), [](const Fault& a, const Fault& b) { return a.at < b.at; });
}

void Measurement::run() {
  publisher_ = std::make_unique<LoadPublisher>(bed_.publisher, bed_.plan, bed_.records, leg_);
  if (!wait_for([&] { return publisher_->ready(); }, kReadyPatience)) throw std::runtime_error("the publisher can't begin");
  const Clock::time_point start = Clock::now() + kHead;
  const Schedule schedule(start, leg_.per_second);
  begin_ = schedule.intended(leg_.warmup);
  due_ = schedule.intended(leg_.warmup + leg_.messages);
  bed_.clients.begin(leg_, begin_);
  publisher_->begin(start);
  wait_while([&] { return Clock::now() < begin_; });

  meter_.emplace(sides());
  wait_while([&] { return !publisher_->done() || !faults_.empty() || outage_; });
  wait_deliveries();
  const Clock::time_point end = std::min(this->end(), Clock::now());  // sooner where the publisher has given up
  meter_->read_once_after(end, sides());
  result_.measuring = end - begin_;
  result_.charge(meter_->metered());
  pause_for(kDuplicates);
  conclude();
}

template <class Condition>
void Measurement::wait_while(const Condition& condition) {
  Clock::time_point told{};
  while (condition()) {
    pause();
    look_after();
    const Clock::time_point now = Clock::now();
    if (now - told < kProgressPause) continue;
    told = now;
    const std::uint64_t sent = publisher_->sent();
    const double share = 100 * static_cast<double>(sent) / static_cast<double>(leg_.warmup + leg_.messages);
    const std::string percent = fixed(share, 0) + " %";
    if (sent < leg_.warmup) {
      tell_("warming up, " + percent);
    } else {
      tell_("measuring, " + percent + ", sent " + grouped(sent - leg_.warmup) + ", arrived " +
            grouped(bed_.clients.counts().delivered));
    }
  }
}

/// Until something may be due.
void Measurement::pause() const {
  const bool faulty = !result_.recoveries.empty() || !faults_.empty();
  const Clock::time_point now = Clock::now();
  nanoseconds time = faulty || now >= due_ ? kShortPause : kProgressPause;
  for (const Clock::time_point moment : {begin_, due_}) {
    if (moment > now) time = std::min(time, nanoseconds(moment - now));
  }
  pause_for(std::chrono::ceil<std::chrono::milliseconds>(time));
}

void Measurement::look_after() {
  if (!meter_) return;
  meter_->read_once_after(end(), sides());
  if (!outage_ && !faults_.empty() && Clock::now() >= begin_ + faults_.front().at) inject();
  if (result_.recoveries.empty()) return;
  // From when it begins: when it is over, they may be ready again. One that is stopped can't be asked.
  const bool stopped = outage_ && outage_->fault().kind == Fault::Kind::pause_instance;
  const bool ready = !stopped && all_ready();
  Recovery& last = result_.recoveries.back();
  last.note_readiness(ready, Clock::now() - begin_ - last.at);
  if (outage_ && outage_->over()) {
    last.over = Clock::now() - outage_->begin();
    outage_.reset();
  }
}

bool Measurement::all_ready() const {
  const auto& instances = bed_.group.instances();
  return std::all_of(instances.begin(), instances.end(), [](const RunningInstance& instance) {
    return http_get(instance.api.address, instance.api.port, "/readyz").status == 200;
  });
}

void Measurement::inject() {
  const Fault fault = faults_.front();
  faults_.erase(faults_.begin());
  tell_("fault, " + fault.text);
  meter_->read(sides());  // of a process that is killed it is the last
  outage_ = std::make_unique<Outage>(fault, bed_.group);
  result_.recoveries.push_back({.fault = fault.text, .at = outage_->begin() - begin_});
}

MessageCounts Measurement::sums() const {
  return count_messages(bed_.records, leg_.measured_from(), leg_.end(), static_cast<std::uint32_t>(bed_.devices));
}

void Measurement::wait_deliveries() {
  const Clock::time_point done = Clock::now();
  std::optional<std::uint64_t> delivered;
  bool missing = true;
  wait_while([&] {
    const std::uint64_t now = bed_.clients.counts().delivered;
    if (now != delivered) missing = sums().lost() > 0;  // which takes its time, of many messages
    delivered = now;
    return missing && Clock::now() - std::max(done, bed_.clients.last_delivery()) < kDrain;
  });
}

void Measurement::conclude() {
  result_.messages = sums();
  result_.received = bed_.clients.counts();
  result_.latency = bed_.clients.latencies();
  result_.generator_lag = publisher_->lag();
  result_.refusals.clear();
  for (std::size_t status = 0; status < LoadPublisher::kStatuses; ++status) {
    const std::uint64_t answers = publisher_->answers(status);
    if (status != 200 && answers > 0) result_.refusals.emplace_back(static_cast<int>(status), answers);
  }
  fill_timeline();
  if (!result_.recoveries.empty() && !all_ready()) result_.remarks.emplace_back("an instance was not ready again at the end");
  result_.give_up(publisher_->fault());
  remark_clients();
  remark_bottlenecks(result_);
}

void Measurement::remark_clients() {
  if (const std::uint64_t lost = result_.received.clients_lost; lost > 0) {
    std::string reasons;
    for (const std::string& reason : bed_.clients.failures()) reasons.append(reasons.empty() ? ": " : "; ").append(reason);
    result_.remarks.push_back(grouped(lost) + (lost == 1 ? " client was lost" : " clients were lost") + reasons);
  }
  if (const std::uint64_t frames = result_.received.unexpected; frames > 0) {
    result_.remarks.push_back(grouped(frames) + (frames == 1 ? " frame was" : " frames were") +
                              " none that was sent: messages that were garbled count as lost");
  }
}

void Measurement::fill_timeline() {
  result_.timeline.clear();
  const auto seconds = static_cast<std::size_t>(std::chrono::ceil<std::chrono::seconds>(result_.measuring).count());
  for (std::size_t n = 0; n < std::min(seconds, Timeline::kSeconds); ++n) {
    Second second = bed_.clients.second(n);
    second.offered = publisher_->timeline().second(n).count;
    result_.timeline.push_back(second);
  }
}

Measurement::Clock::time_point Measurement::end() const { return std::max(bed_.clients.last_delivery(), due_); }

Sides Measurement::sides() const {
  Sides sides{.instances = bed_.group.pids(), .broker = bed_.group.broker_pids(), .generator = bed_.clients.pids()};
  sides.generator.push_back(publisher_->pid());
  return sides;
}

}  // namespace signalbox::bench

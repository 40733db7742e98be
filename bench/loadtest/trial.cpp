#include "bench/loadtest/trial.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>
#include <utility>

#include <unistd.h>

#include "bench/loadtest/interrupt.hpp"
#include "bench/loadtest/meter.hpp"
#include "bench/loadtest/numbers.hpp"

namespace signalbox::bench {

namespace {

using namespace std::chrono_literals;
using Clock = Timeline::Clock;
using std::chrono::nanoseconds;

constexpr auto kConnectPatience = 120s;
/// From the last registration on: memory comes to rest, and a plugin's table of routes spreads.
constexpr auto kSettle = 1s;
/// From when a publisher was forked until its first message is due.
constexpr auto kHead = 200ms;
/// A message that has not come so long after the last that did, with the publisher done, is lost.
constexpr auto kDrain = 5s;
/// What comes a second time may do so after everything has come once.
constexpr auto kDuplicates = 300ms;
constexpr auto kProgressPause = 200ms;
/// Clients of a process: what is no user's socket has room as well.
constexpr std::size_t kClientsPerProcess = 15'000;
/// Beyond, the generator measures itself.
constexpr double kBusyProcess = 0.9;
constexpr double kBusyMachine = 0.95;
constexpr auto kLateGenerator = 10ms;

/// Names that no other run has: who is left over from one, or runs beside it, gets nothing of this.
std::string unique_prefix() {
  std::random_device random;
  return "bench-" + std::to_string(random()) + "-";
}

class Trial {
 public:
  Trial(const LoadTestOptions& options, const std::string& broker, Progress& progress)
      : options_(options),
        name_(broker.empty() ? "target" : broker),
        progress_(progress),
        plan_({.users = options.users,
               .messages = messages_in(options.duration),
               .warmup = messages_in(options.warmup),
               .per_second = static_cast<double>(options.rate),
               .seed = options.seed}),
        books_(plan_.messages()),
        prefix_(unique_prefix()) {
    tell("starting");
    group_ = broker.empty() ? std::make_unique<Group>(options.targets) : std::make_unique<Group>(options, broker);
  }

  Result run() {
    describe();
    connect();
    measure();
    conclude();
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::uint64_t messages_in(std::chrono::milliseconds time) const {
    return static_cast<std::uint64_t>(
        std::llround(std::chrono::duration<double>(time).count() * static_cast<double>(options_.rate)));
  }

  void tell(const std::string& what) { progress_.tell(name_ + ": " + what); }

  void describe() {
    const Group::Description description = group_->describe(options_.api_key);
    result_.broker = name_ == "target" && !description.plugin.empty() ? description.plugin : name_;
    result_.plugin_version = description.version;
    if (group_->broker_server() != nullptr) result_.server_version = group_->broker_server()->version();
    result_.instances = group_->size();
    result_.users = options_.users;
    result_.devices = options_.devices;
  }

  void connect() {
    const std::size_t clients = result_.connections();
    const std::size_t instances = group_->size();
    note_memory(&Usage::bytes_before);
    const Clock::time_point begin = Clock::now();
    std::uint32_t source = 2;  // of 127.0.0.0: each process has some of its own
    for (std::size_t i = 0; i < instances; ++i) {
      std::size_t left = clients / instances + (i < clients % instances ? 1 : 0);
      for (std::size_t first = i; left > 0;) {
        const Share share{std::min(left, kClientsPerProcess), first, instances, options_.devices};
        const Endpoint& endpoint = group_->instances()[i].clients;
        const ClientOptions client{.address = endpoint.address, .port = endpoint.port, .first_source = source};
        receivers_.push_back(std::make_unique<Receivers>(client, share, prefix_, plan_, books_));
        source += 2;
        left -= share.clients;
        first += share.clients * instances;
      }
    }
    const bool all = wait_for([&] { return registered(clients); }, kConnectPatience);
    if (!all) {
      throw std::runtime_error(name_ + ": " + grouped(counts().registered) + " of " + grouped(clients) +
                               " connections registered in " + std::to_string(kConnectPatience.count()) + " s");
    }
    result_.connecting = Clock::now() - begin;
    pause_for(kSettle);
    note_memory(&Usage::bytes_connected);
  }

  bool registered(std::size_t clients) {
    const Receivers::Counts now = counts();
    for (const auto& receivers : receivers_) {
      if (!receivers->running()) throw std::runtime_error(name_ + ": a process of receivers is gone");
      if (receivers->counts().failed > 0) throw std::runtime_error(name_ + ": a client failed: " + receivers->reason());
    }
    tell("connecting, " + grouped(now.registered) + " of " + grouped(clients));
    return now.registered == clients;
  }

  void measure() {
    const Clock::time_point start = Clock::now() + kHead;
    const Clock::time_point begin = Schedule(start, plan_.per_second()).intended(plan_.warmup());
    for (const auto& receivers : receivers_) receivers->begin(begin);
    PublisherOptions publisher{.apis = {}, .user_prefix = prefix_, .message_bytes = options_.size, .key = options_.api_key};
    for (const RunningInstance& instance : group_->instances()) publisher.apis.push_back(instance.api);
    publisher_ = std::make_unique<ApiPublisher>(publisher, plan_, books_, start);
    wait_while([&] { return Clock::now() < begin; });
    gaps_before_ = counts().gaps;

    const Machine machine;
    const nanoseconds instances = cpu_time_of(group_->pids());
    const nanoseconds broker = cpu_time_of(broker_pids());
    const std::vector<nanoseconds> generator = generator_cpu();
    wait_while([&] { return !publisher_->done(); });
    if (!publisher_->fault().empty()) result_.remarks.push_back("given up: " + publisher_->fault());
    const Clock::time_point last = wait_arrivals();
    result_.measuring = last - begin;
    result_.machine_busy = machine.busy();
    instance_usage_.cpu = cpu_time_of(group_->pids()) - instances;
    broker_usage_.cpu = cpu_time_of(broker_pids()) - broker;
    judge_generator(generator, Clock::now() - begin);
    note_memory(&Usage::bytes_end);
  }

  template <class Condition>
  void wait_while(const Condition& condition) {
    while (!wait_for([&] { return !condition(); }, kProgressPause)) tell_traffic();
  }

  void tell_traffic() {
    const std::uint64_t sent = publisher_->sent();
    const double share = 100 * static_cast<double>(sent) / static_cast<double>(plan_.messages());
    tell(std::string(sent < plan_.warmup() ? "warming up" : "measuring") + ", " + fixed(share, 0) + " %, sent " +
         grouped(sent) + ", arrived " + grouped(counts().measured));
  }

  /// When the last message has come that will.
  Clock::time_point wait_arrivals() {
    Clock::time_point last = Clock::now();
    std::uint64_t seen = counts().measured;
    const auto come = [&] {
      const std::uint64_t now = counts().measured;
      if (std::exchange(seen, now) != now) last = Clock::now();
      return Clock::now() - last > kDrain;
    };
    while (balance(books_, plan_.warmup(), devices()).lost() > 0 && !wait_for(come, kProgressPause)) tell_traffic();
    pause_for(kDuplicates);
    return last;
  }

  void conclude() {
    result_.messages = balance(books_, plan_.warmup(), devices());
    result_.arrivals = counts();
    result_.arrivals.gaps -= gaps_before_;
    for (const auto& receivers : receivers_) {
      result_.latency.merge(receivers->latencies());
      if (receivers->counts().failed > 0) result_.remarks.push_back("a client was lost: " + receivers->reason());
    }
    result_.generator_lag = publisher_->lag();
    for (std::size_t status = 0; status < ApiPublisher::kStatuses; ++status) {
      const std::uint64_t answers = publisher_->answers(status);
      if (status != 200 && answers > 0) result_.refusals.emplace_back(static_cast<int>(status), answers);
    }
    if (!group_->pids().empty()) result_.instance_usage = instance_usage_;
    if (group_->broker_server() != nullptr) result_.broker_usage = broker_usage_;
    fill_timeline();
    if (name_ == "memory" && options_.instances > 1) result_.remarks.emplace_back("one instance: memory is one process");
    if (result_.generator_lag.percentile(99) > kLateGenerator) {
      result_.remarks.push_back("the generator was late itself, p99 " + milliseconds(result_.generator_lag.percentile(99)) +
                                " ms: latencies hold that too");
    }
    if (result_.machine_busy > kBusyMachine) {
      result_.remarks.push_back("all cores of the machine were busy (" + fixed(100 * result_.machine_busy, 0) +
                                " %): latencies are of a full machine");
    }
  }

  void fill_timeline() {
    const auto seconds = static_cast<std::size_t>(std::chrono::ceil<std::chrono::seconds>(result_.measuring).count());
    for (std::size_t n = 0; n < std::min(seconds, Timeline::kSeconds); ++n) {
      Second second{.offered = publisher_->timeline().second(n).count};
      for (const auto& receivers : receivers_) {
        const Timeline::Second& part = receivers->timeline().second(n);
        second.arrived += part.count;
        second.longest = std::max(second.longest, nanoseconds(part.longest));
      }
      result_.timeline.push_back(second);
    }
  }

  void judge_generator(const std::vector<nanoseconds>& before, nanoseconds time) {
    const std::vector<nanoseconds> now = generator_cpu();
    for (std::size_t n = 0; n < now.size(); ++n) {
      const nanoseconds used = now[n] - before[n];
      result_.generator_usage.cpu += used;
      const double cores = static_cast<double>(used.count()) / static_cast<double>(time.count());
      if (cores <= kBusyProcess) continue;
      result_.remarks.push_back(std::string("the generator was the limit: ") +
                                (n == 0 ? "its publisher" : "a process of receivers") + " used " + fixed(100 * cores, 0) +
                                " % of a core");
    }
  }

  [[nodiscard]] std::vector<nanoseconds> generator_cpu() const {
    std::vector<nanoseconds> times{cpu_time_of({publisher_->pid()})};
    for (const auto& receivers : receivers_) times.push_back(cpu_time_of({receivers->pid()}));
    return times;
  }

  void note_memory(std::size_t Usage::* moment) {
    instance_usage_.*moment = anonymous_bytes_of(group_->pids());
    broker_usage_.*moment = anonymous_bytes_of(broker_pids());
    std::vector<pid_t> generator;
    for (const auto& receivers : receivers_) generator.push_back(receivers->pid());
    result_.generator_usage.*moment = anonymous_bytes_of(generator);
  }

  [[nodiscard]] std::vector<pid_t> broker_pids() const {
    return group_->broker_server() == nullptr ? std::vector<pid_t>() : std::vector<pid_t>{group_->broker_server()->pid()};
  }
  [[nodiscard]] std::uint32_t devices() const { return static_cast<std::uint32_t>(options_.devices); }
  [[nodiscard]] Receivers::Counts counts() const {
    Receivers::Counts sum;
    for (const auto& receivers : receivers_) sum += receivers->counts();
    return sum;
  }

  const LoadTestOptions& options_;
  const std::string name_;
  Progress& progress_;
  const Plan plan_;
  Books books_;
  const std::string prefix_;
  std::unique_ptr<Group> group_;
  std::vector<std::unique_ptr<Receivers>> receivers_;
  std::unique_ptr<ApiPublisher> publisher_;
  std::uint64_t gaps_before_ = 0;
  Usage instance_usage_;
  Usage broker_usage_;
  Result result_;
};

}  // namespace

Result run_trial(const LoadTestOptions& options, const std::string& broker, Progress& progress) {
  return Trial(options, broker, progress).run();
}

}  // namespace signalbox::bench

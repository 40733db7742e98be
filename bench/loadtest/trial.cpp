#include "bench/loadtest/trial.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "bench/interrupt.hpp"
#include "bench/loadtest/census.hpp"
#include "bench/loadtest/churn.hpp"
#include "bench/loadtest/crowd.hpp"
#include "bench/loadtest/measurement.hpp"
#include "bench/loadtest/meter.hpp"
#include "bench/loadtest/numbers.hpp"
#include "bench/loadtest/saturation.hpp"

namespace signalbox::bench {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

/// Without one more registration.
constexpr auto kConnectPatience = 60s;
/// From the last registration on: memory comes to rest, and a plugin's table of routes spreads.
constexpr auto kSettle = 1s;
/// Users, and as many strangers, that are asked for when idle.
constexpr std::size_t kAsked = 10'000;

std::uint64_t messages_in(std::chrono::milliseconds time, double per_second) {
  return static_cast<std::uint64_t>(std::llround(std::chrono::duration<double>(time).count() * per_second));
}

class Trial {
 public:
  Trial(const LoadTestOptions& options, const std::string& broker, Progress& progress)
      : options_(options),
        name_(broker.empty() ? "target" : broker),
        progress_(progress),
        plan_(options.users, planned(options), options.seed),
        books_(plan_.messages()),
        prefix_(options.user_prefix) {
    tell("starting");
    group_ = broker.empty() ? std::make_unique<Group>(options.targets) : std::make_unique<Group>(options, broker);
  }

  Result run() {
    describe();
    if (options_.mode == "connect") {
      churn();
      return std::move(result_);
    }
    connect();
    if (options_.mode == "idle") hold();
    if (options_.mode == "saturate") {
      saturate();
    } else {
      measure(leg(0, static_cast<double>(options_.rate)), options_.faults);
    }
    note_memory(&Usage::bytes_end);
    if (name_ == "memory" && options_.instances > 1) result_.remarks.emplace_back("one instance: memory is one process");
    return std::move(result_);
  }

 private:
  static std::uint64_t planned(const LoadTestOptions& options) {
    if (options.mode == "saturate") return Saturation::kMessages;
    return messages_in(options.warmup, static_cast<double>(options.rate)) +
           messages_in(options.duration, static_cast<double>(options.rate));
  }

  [[nodiscard]] Leg leg(std::uint64_t first, double per_second) const {
    return {first, messages_in(options_.warmup, per_second), messages_in(options_.duration, per_second), per_second};
  }

  void tell(const std::string& what) { progress_.tell(name_ + ": " + what); }

  void describe() {
    const Group::Description description = group_->describe(options_.api_key);
    result_.broker = name_ == "target" && !description.plugin.empty() ? description.plugin : name_;
    result_.plugin_version = description.version;
    if (group_->broker_server() != nullptr) {
      result_.server_version = group_->broker_server()->version();
      result_.broker_usage.emplace();
    }
    if (!group_->pids().empty()) result_.instance_usage.emplace();
    if (description.plugin == "memory") check_memory();
    result_.instances = group_->size();
    result_.users = options_.users;
    result_.devices = options_.devices;
  }

  /// A plugin that was given by path says only now that it is memory's.
  void check_memory() const {
    if (options_.via == "broker") throw std::runtime_error("memory lives inside its instance: --via api");
    if (options_.targets.empty() && group_->size() > 1) throw std::runtime_error("memory is one process: --instances 1");
  }

  void connect() {
    note_memory(&Usage::bytes_before);
    const Clock::time_point begin = Clock::now();
    gather();
    result_.connecting = Clock::now() - begin;
    pause_for(kSettle);
    note_memory(&Usage::bytes_connected);
  }

  /// Returns when all are registered.
  void gather() {
    crowd_ = std::make_unique<Crowd>(group_->instances(), options_.users, options_.devices, prefix_, plan_, books_);
    std::uint64_t registered = 0;
    Clock::time_point moved = Clock::now();
    while (!crowd_->all_registered()) {
      const std::uint64_t now = crowd_->counts().registered;
      if (now > registered) moved = Clock::now();
      registered = std::max(registered, now);
      tell("connecting, " + grouped(registered) + " of " + grouped(crowd_->size()));
      if (Clock::now() - moved > kConnectPatience) {
        throw std::runtime_error(grouped(registered) + " of " + grouped(crowd_->size()) +
                                 " connections registered, and no more for " + std::to_string(kConnectPatience.count()) + " s");
      }
      pause_for(10ms);
    }
  }

  void churn() {
    const std::size_t instances = group_->size();
    const std::uint64_t each = messages_in(options_.duration, static_cast<double>(options_.rate)) / instances + 1;
    const Clock::time_point begin = Clock::now() + 200ms;
    const Schedule schedule(begin, static_cast<double>(options_.rate) / static_cast<double>(instances));
    std::vector<std::unique_ptr<Churn>> churns;
    std::vector<pid_t> pids;
    for (std::size_t i = 0; i < instances; ++i) {
      // Each has so many source addresses that no port is wanted again while it still waits.
      const auto source = static_cast<std::uint32_t>(2 + i * (each / 10'000 + 1));
      churns.push_back(
          std::make_unique<Churn>(group_->instances()[i].clients, source, prefix_, options_.users, schedule, each));
      pids.push_back(churns.back()->pid());
    }
    wait_for([&] { return Clock::now() >= begin; }, 1s);
    const Machine machine;
    const nanoseconds instance_cpu = cpu_time_of(group_->pids());
    const nanoseconds broker_cpu = cpu_time_of(broker_pids());
    const nanoseconds generator_cpu = cpu_time_of(pids);
    Churned& sum = result_.churned.emplace();
    sum.offered = each * instances;
    const auto done = [&] {
      sum.registered = sum.failed = 0;
      for (const auto& one : churns) sum.registered += one->registered(), sum.failed += one->failed();
      tell("connections come and go, " + grouped(sum.registered) + " of " + grouped(sum.offered));
      return std::all_of(churns.begin(), churns.end(), [](const auto& one) { return one->done() || !one->running(); });
    };
    if (!wait_for(done, options_.duration + 30s))
      result_.remarks.emplace_back("given up: some connections got no answer for 30 s");
    result_.measuring = Clock::now() - begin;
    result_.machine_busy = machine.busy();
    if (result_.instance_usage) result_.instance_usage->cpu = cpu_time_of(group_->pids()) - instance_cpu;
    if (result_.broker_usage) result_.broker_usage->cpu = cpu_time_of(broker_pids()) - broker_cpu;
    result_.generator_usage.cpu = cpu_time_of(pids) - generator_cpu;
    for (const auto& one : churns) {
      result_.latency.merge(one->latencies());
      if (one->failed() > 0) result_.remarks.push_back("a connection failed: " + one->reason());
    }
  }

  void hold() {
    Idle& idle = result_.idle.emplace();
    const nanoseconds instances = cpu_time_of(group_->pids());
    const nanoseconds broker = cpu_time_of(broker_pids());
    const Clock::time_point begin = Clock::now();
    while (Clock::now() - begin < options_.hold) {
      const auto left = std::chrono::ceil<std::chrono::seconds>(options_.hold - (Clock::now() - begin));
      tell("idle, " + std::to_string(left.count()) + " s to go");
      pause_for(std::min<std::chrono::milliseconds>(200ms, options_.hold));
    }
    idle.time = Clock::now() - begin;
    if (result_.instance_usage) idle.instance_cpu = cpu_time_of(group_->pids()) - instances;
    if (result_.broker_usage) idle.broker_cpu = cpu_time_of(broker_pids()) - broker;
    take_census(idle);
  }

  /// Strangers have names of the same kind.
  void take_census(Idle& idle) {
    tell("asking who is there");
    std::vector<std::string> users, strangers;
    for (const std::size_t number : draw_users(options_.users, std::min(options_.users, kAsked), options_.seed)) {
      users.push_back(prefix_ + std::to_string(number));
      strangers.push_back("no-" + users.back());
    }
    idle.asked = users.size();
    idle.users_found = count_existing(group_->instances(), options_.api_key, users);
    idle.strangers_found = count_existing(group_->instances(), options_.api_key, strangers);
  }

  void measure(const Leg& leg, const std::vector<Fault>& faults) {
    Scene scene{*group_, *crowd_, plan_, books_, {}, options_.devices};
    scene.publisher = {.apis = {},
                       .user_prefix = prefix_,
                       .message_bytes = options_.size,
                       .key = options_.api_key,
                       .via_broker = options_.via == "broker",
                       .config = options_.config,
                       .settings = group_->settings()};
    for (const RunningInstance& instance : group_->instances()) scene.publisher.apis.push_back(instance.api);
    Measurement(scene, leg, faults, [this](const std::string& what) { tell(what); }, result_).run();
  }

  void saturate() {
    Saturation saturation(static_cast<double>(options_.rate), *options_.slo, options_.searches);
    std::vector<Result> best(options_.searches);  // of each search, at the highest rate that has held
    std::vector<Step> steps;
    std::uint64_t first = 0;
    bool early = false;
    const Result connected = result_;
    while (const std::optional<double> rate = saturation.next()) {
      const Leg next = leg(first, *rate);
      early = next.end() > plan_.messages();
      if (early) break;
      first = next.end();
      recover(steps);
      tell("search " + std::to_string(saturation.search() + 1) + " of " + std::to_string(options_.searches) + ", trying " +
           grouped(static_cast<std::uint64_t>(*rate)) + " a second");
      result_ = connected;
      measure(next, {});
      steps.push_back(saturation.judge(result_));
      if (steps.back().held) best[steps.back().search] = result_;
    }
    saturation.end();
    if (!saturation.found().empty()) {
      const std::size_t median = saturation.median();
      result_ = std::move(best[median]);
      Saturated& saturated = result_.saturated.emplace();
      saturated.rate = saturation.found()[median].rate;
      saturated.limit = saturation.found()[median].limit;
      for (const Saturation::Found& found : saturation.found()) saturated.found.push_back(found.rate);
    }
    result_.steps = std::move(steps);
    if (!result_.saturated) result_.remarks.emplace_back("no rate that was tried held: lower --rate, or raise --slo");
    if (early) result_.remarks.emplace_back("the search ended early, after as many messages as are kept account of");
  }

  /// After a rate that was too high: what it has left behind is over, and who was thrown out is back.
  void recover(const std::vector<Step>& steps) {
    if (steps.empty() || steps.back().held) return;
    pause_for(kSettle);
    if (crowd_->counts().failed == 0) return;
    crowd_.reset();
    gather();
  }

  void note_memory(std::size_t Usage::* moment) {
    if (result_.instance_usage) (*result_.instance_usage).*moment = anonymous_bytes_of(group_->pids());
    if (result_.broker_usage) (*result_.broker_usage).*moment = anonymous_bytes_of(broker_pids());
    if (crowd_) result_.generator_usage.*moment = anonymous_bytes_of(crowd_->pids());
  }

  [[nodiscard]] std::vector<pid_t> broker_pids() const {
    return group_->broker_server() == nullptr ? std::vector<pid_t>() : std::vector<pid_t>{group_->broker_server()->pid()};
  }

  const LoadTestOptions& options_;
  const std::string name_;
  Progress& progress_;
  const Plan plan_;
  Books books_;
  const std::string prefix_;
  std::unique_ptr<Group> group_;
  std::unique_ptr<Crowd> crowd_;
  Result result_;
};

}  // namespace

Result run_trial(const LoadTestOptions& options, const std::string& broker, Progress& progress) {
  try {
    return Trial(options, broker, progress).run();
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    throw std::runtime_error((broker.empty() ? "target" : broker) + ": " + error.what());
  }
}

}  // namespace signalbox::bench

#include "bench/loadtest/trial.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

#include "bench/interrupt.hpp"
#include "bench/loadtest/churn_trial.hpp"
#include "bench/loadtest/clients.hpp"
#include "bench/loadtest/idle_trial.hpp"
#include "bench/loadtest/measurement.hpp"
#include "bench/loadtest/meter.hpp"
#include "bench/loadtest/numbers.hpp"
#include "bench/loadtest/saturation.hpp"
#include "bench/loadtest/saturation_trial.hpp"

namespace signalbox::bench {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Without one more registration.
constexpr auto kConnectPatience = 60s;
/// From the last registration on: memory comes to rest, and a plugin's table of routes spreads.
constexpr auto kSettle = 1s;

class Trial {
 public:
  Trial(const LoadTestOptions& options, const std::string& broker, Progress& progress)
      : options_(options),
        name_(broker.empty() ? "target" : broker),
        progress_(progress),
        plan_(options.users, planned(options), options.seed),
        records_(plan_.messages()),
        prefix_(options.user_prefix) {
    tell("starting");
    group_ = broker.empty() ? std::make_unique<Group>(options.targets) : std::make_unique<Group>(options, broker);
  }

  Result run() {
    describe();
    if (options_.mode == "connect") {
      measure_churn(options_, *group_, prefix_, teller(), result_);
      return std::move(result_);
    }
    connect();
    if (options_.mode == "idle") hold_idle(options_, *group_, prefix_, teller(), result_);
    if (options_.mode == "saturate") {
      saturate();
    } else {
      measure(leg_at(options_.warmup, options_.duration, static_cast<double>(options_.rate)), options_.faults);
    }
    note_memory(&Usage::bytes_end);
    if (name_ == "memory" && options_.instances > 1) result_.remarks.emplace_back("one instance: memory is one process");
    return std::move(result_);
  }

 private:
  static std::uint64_t planned(const LoadTestOptions& options) {
    if (options.mode == "saturate") return Saturation::kMessages;
    return leg_at(options.warmup, options.duration, static_cast<double>(options.rate)).end();
  }

  void tell(const std::string& what) { progress_.tell(name_ + ": " + what); }
  [[nodiscard]] Tell teller() {
    return [this](const std::string& what) { tell(what); };
  }

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
    clients_ = std::make_unique<Clients>(group_->instances(), options_.users, options_.devices, prefix_, plan_, records_);
    const auto registered = [&] {
      const std::uint64_t count = clients_->counts().registered;
      tell("connecting, " + grouped(count) + " of " + grouped(clients_->size()));
      return count;
    };
    if (!wait_while_moving([&] { return clients_->all_registered(); }, registered, kConnectPatience)) {
      throw std::runtime_error(grouped(registered()) + " of " + grouped(clients_->size()) +
                               " connections registered, and no more for " + std::to_string(kConnectPatience.count()) + " s");
    }
  }

  void measure(const Leg& leg, const std::vector<Fault>& faults) {
    TestBed bed{*group_, *clients_, plan_, records_, {}, options_.devices};
    bed.publisher = {.apis = {},
                     .user_prefix = prefix_,
                     .message_bytes = options_.size,
                     .key = options_.api_key,
                     .via_broker = options_.via == "broker",
                     .config = options_.config,
                     .settings = group_->settings()};
    for (const RunningInstance& instance : group_->instances()) bed.publisher.apis.push_back(instance.api);
    Measurement(bed, leg, faults, teller(), result_).run();
  }

  void saturate() {
    const auto measure_leg = [this](const Leg& leg) { measure(leg, {}); };
    measure_saturation(options_, plan_.messages(), measure_leg, [this] { recover(); }, teller(), result_);
  }

  /// After a rate that was too high: what it has left behind is over, and who was thrown out is back.
  void recover() {
    pause_for(kSettle);
    if (clients_->counts().clients_lost == 0) return;
    clients_.reset();
    gather();
  }

  void note_memory(std::size_t Usage::* moment) {
    if (result_.instance_usage) (*result_.instance_usage).*moment = anonymous_bytes_of(group_->pids());
    if (result_.broker_usage) (*result_.broker_usage).*moment = anonymous_bytes_of(group_->broker_pids());
    if (clients_) result_.generator_usage.*moment = anonymous_bytes_of(clients_->pids());
  }

  const LoadTestOptions& options_;
  const std::string name_;
  Progress& progress_;
  const Plan plan_;
  DeliveryRecords records_;
  const std::string prefix_;
  std::unique_ptr<Group> group_;
  std::unique_ptr<Clients> clients_;
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

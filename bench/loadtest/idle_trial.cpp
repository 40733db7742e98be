#include "bench/loadtest/idle_trial.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "bench/interrupt.hpp"
#include "bench/loadtest/existence.hpp"
#include "bench/loadtest/meter.hpp"

namespace signalbox::bench {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Users, and as many strangers, that are asked for.
constexpr std::size_t kAsked = 10'000;
constexpr std::chrono::milliseconds kPause = 200ms;

/// Strangers have names of the same kind.
void check_existence(const LoadTestOptions& options, const Group& group, const std::string& user_prefix, Idle& idle) {
  std::vector<std::string> users, strangers;
  for (const std::size_t number : draw_users(options.users, std::min(options.users, kAsked), options.seed)) {
    users.push_back(user_prefix + std::to_string(number));
    strangers.push_back("no-" + users.back());
  }
  idle.asked = users.size();
  idle.users_found = count_existing(group.instances(), options.api_key, users);
  idle.strangers_found = count_existing(group.instances(), options.api_key, strangers);
}

}  // namespace

void hold_idle(const LoadTestOptions& options, Group& group, const std::string& user_prefix, const Tell& tell, Result& result) {
  Idle& idle = result.idle.emplace();
  const Sides sides{.instances = group.pids(), .broker = group.broker_pids(), .generator = {}};
  Meter meter(sides);
  const Clock::time_point end = Clock::now() + options.hold;
  for (Clock::time_point now = Clock::now(); now < end; now = Clock::now()) {
    tell("idle, " + std::to_string(std::chrono::ceil<std::chrono::seconds>(end - now).count()) + " s to go");
    pause_for(std::min(kPause, std::chrono::ceil<std::chrono::milliseconds>(end - now)));
  }
  meter.read(sides);
  idle.time = meter.metered().time;
  if (result.instance_usage) idle.instance_cpu = meter.metered().instances;
  if (result.broker_usage) idle.broker_cpu = meter.metered().broker;
  tell("asking who is there");
  check_existence(options, group, user_prefix, idle);
}

}  // namespace signalbox::bench

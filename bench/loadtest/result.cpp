#include "bench/loadtest/result.hpp"

#include <utility>

namespace signalbox::bench {

namespace {

std::optional<double> per_second(std::uint64_t count, std::chrono::nanoseconds time) {
  if (time.count() <= 0) return std::nullopt;
  return static_cast<double>(count) / std::chrono::duration<double>(time).count();
}

}  // namespace

void Recovery::note_readiness(bool all_ready, std::chrono::nanoseconds time) noexcept {
  if (!all_ready || unready) ready = time;
  unready = !all_ready;
}

void Result::give_up(std::string why) {
  given_up = std::move(why);
  if (!given_up.empty()) remarks.push_back("given up: " + given_up);
}

void Result::charge(const Metered& metered) {
  machine_busy = metered.machine_busy;
  busiest = metered.busiest;
  if (instance_usage) instance_usage->cpu = metered.instances;
  if (broker_usage) broker_usage->cpu = metered.broker;
  generator_usage.cpu = metered.generator;
}

std::optional<double> Result::connections_per_second() const noexcept {
  return churned ? per_second(churned->registered, measuring) : per_second(connections(), connecting);
}

std::optional<double> Result::delivered_per_second() const noexcept { return per_second(received.delivered, measuring); }

std::optional<double> Result::cpu_per_message(const Usage& usage) const noexcept {
  if (work_done() == 0) return std::nullopt;
  return std::chrono::duration<double, std::micro>(usage.cpu).count() / static_cast<double>(work_done());
}

std::optional<double> Result::bytes_per_connection(const Usage& usage) const noexcept {
  if (churned || connections() == 0) return std::nullopt;
  return (static_cast<double>(usage.bytes_connected) - static_cast<double>(usage.bytes_before)) /
         static_cast<double>(connections());
}

}  // namespace signalbox::bench

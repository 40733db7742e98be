// A connection's timer, armed again and again or left to expire, among many; beside Asio's.
#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/net/timing_wheel.hpp"

namespace signalbox {
namespace {

using namespace std::chrono_literals;

/// Arms itself again when it is due, as a connection's ping does.
struct Pinger final : TimingWheel::Timer {
  explicit Pinger(TimingWheel& in) : wheel(in) {}
  void expire() override { wheel.arm(*this, wheel.now() + TimingWheel::ticks(25s)); }
  TimingWheel& wheel;
};

void arm_again(benchmark::State& state) {
  TimingWheel wheel(TimingWheel::Clock::now());
  std::deque<Pinger> timers;
  for (std::int64_t n = 0; n < state.range(0); ++n) timers.emplace_back(wheel);
  std::size_t n = 0;
  for (auto _ : state) {
    Pinger& timer = timers[(n += 7919) % timers.size()];
    wheel.arm(timer, wheel.now() + TimingWheel::ticks(25s));
  }
}
BENCHMARK(arm_again)->Arg(1'000)->Arg(100'000);

void arm_again_bare_asio(benchmark::State& state) {
  boost::asio::io_context io(1);
  std::deque<boost::asio::steady_timer> timers;
  for (std::int64_t n = 0; n < state.range(0); ++n) timers.emplace_back(io);
  std::size_t n = 0;
  for (auto _ : state) {
    boost::asio::steady_timer& timer = timers[(n += 7919) % timers.size()];
    timer.expires_after(25s);
    timer.async_wait([](const boost::system::error_code&) {});
    io.poll();  // the wait that this one has cancelled
  }
}
BENCHMARK(arm_again_bare_asio)->Arg(1'000)->Arg(100'000);

/// Time a timer that expires and is armed again, over a whole turn of pings.
void expire(benchmark::State& state) {
  auto now = TimingWheel::Clock::now();
  TimingWheel wheel(now);
  std::deque<Pinger> timers;
  for (std::int64_t n = 0; n < state.range(0); ++n) {
    timers.emplace_back(wheel);
    wheel.arm(timers.back(), 1 + static_cast<TimingWheel::Tick>(n) % TimingWheel::ticks(25s));
  }
  const auto ticks = static_cast<std::int64_t>(TimingWheel::ticks(25s));
  for (auto _ : state) {
    for (std::int64_t tick = 0; tick < ticks; ++tick) wheel.advance(now += TimingWheel::kTick);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(expire)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace signalbox

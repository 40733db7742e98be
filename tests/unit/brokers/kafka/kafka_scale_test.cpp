// Many channels in one process, and a server that is killed under them.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/booked_broker.hpp"
#include "tests/support/kafka_server.hpp"
#include "tests/unit/brokers/kafka/kafka_instance.hpp"

namespace signalbox::test {
namespace {

std::size_t thread_count() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

class Stopwatch {
 public:
  [[nodiscard]] std::string milliseconds() const {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun_).count()) + " ms";
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begun_ = Clock::now();
};

TEST(KafkaScale, HoldsAHundredThousandChannelsWithAsManyThreadsAsOne) {
  constexpr std::size_t kChannels = 100'000;
  constexpr std::size_t kThreads = 12;
  KafkaServer server;
  const std::size_t threads_before = thread_count();
  KafkaInstance instance(server.bootstrap_servers());
  ASSERT_TRUE(instance.host.wait_state(State::ready)) << instance.host.snapshot().reason;
  ASSERT_TRUE(wait(subscribe(*instance, "first")).ok());
  const std::size_t threads = thread_count();
  EXPECT_LE(threads, threads_before + kThreads);

  std::vector<Pending> calls;
  calls.reserve(kChannels);
  const std::size_t resident = resident_bytes();
  const Stopwatch subscribing;
  for (std::size_t i = 0; i < kChannels; ++i) calls.push_back(subscribe(*instance, "user" + std::to_string(i)));
  std::size_t confirmed = 0;
  for (Pending& call : calls) confirmed += wait(std::move(call)).ok() ? 1U : 0U;
  const std::string subscribed = subscribing.milliseconds();
  // What misses its deadline on a loaded machine is confirmed by and by.
  ASSERT_TRUE(instance.host.wait_state(State::ready, 30s)) << instance.host.snapshot().reason;
  EXPECT_EQ(thread_count(), threads) << "a thread more with more channels";
  const std::size_t bytes = (resident_bytes() - resident) / kChannels;

  const std::size_t states = instance.host.snapshot().states.size();
  server.kill();
  ASSERT_TRUE(instance.host.wait([&](const auto& seen) { return seen.states.size() > states; }));
  server.restart();
  const Stopwatch recovering;
  ASSERT_TRUE(instance.host.wait_state(State::ready, 30s)) << instance.host.snapshot().reason;
  std::cout << kChannels << " channels: " << confirmed << " confirmed after " << subscribed << ", " << bytes
            << " B each with their calls, ready " << recovering.milliseconds() << " after the restart, "
            << threads - threads_before << " threads\n";
  EXPECT_TRUE(instance.host.snapshot().gaps.empty()) << "nothing was lost: the log is there";
  EXPECT_TRUE(wait(exists(*instance, "user99999")).exists);
}

TEST(KafkaScale, LosesNothingOfTenThousandChannelsWhenTheServerIsKilledAndComesBack) {
  KafkaServer server;
  BrokerUnderLoad load([&] { return std::make_unique<KafkaBroker>(kafka_settings(server.bootstrap_servers())); }, 10'000, 500);
  ASSERT_TRUE(load.wait_delivered(500, 20s)) << load.reasons();
  load.fault();
  server.kill();
  server.restart();
  ASSERT_TRUE(load.wait_recovered(40s)) << load.reasons();
  EXPECT_EQ(load.lies(), std::vector<std::string>());
  EXPECT_EQ(load.ledger().lost(), 0U);
  std::cout << "10,000 channels, the server killed and started again: " << load.figures() << '\n';
}

}  // namespace
}  // namespace signalbox::test

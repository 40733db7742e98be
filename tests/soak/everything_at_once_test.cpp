// Churn, publishes, hostile clients, Redis restarts and reloads together, for as long as one likes. docs/reliability.md says
// what is done and what is asserted; scripts/soak runs it.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>

#include <gtest/gtest.h>

#include "tests/soak/crowd.hpp"
#include "tests/soak/hostility.hpp"
#include "tests/soak/payload.hpp"
#include "tests/soak/record.hpp"
#include "tests/soak/rounds.hpp"
#include "tests/soak/samples.hpp"
#include "tests/soak/traffic.hpp"
#include "tests/soak/trouble.hpp"
#include "tests/support/growth.hpp"

namespace signalbox::test {
namespace {

using std::chrono::seconds;
using Clock = Ledger::Clock;

constexpr std::uint64_t kSeed = 20240503;
constexpr seconds kShort{20};
/// From here on memory is judged: a shorter run is all beginning.
constexpr seconds kJudged{300};
constexpr seconds kRestartEvery{30};
/// What the medians of memory may differ by. The allocator keeps more or less of what the stalled readers made it take: 2 MiB
/// from one minute to the next. A hundred bytes kept for each message of half an hour are more than twice this.
constexpr std::size_t kAllowedBytes = 4 << 20;
/// The sanitizers' own books grow on.
constexpr double kAllowedPart = kSanitized ? 0.05 : 0;

seconds duration() {
  const char* wanted = std::getenv("SIGNALBOX_SOAK_SECONDS");
  return wanted ? std::max(seconds(5), seconds(std::atoi(wanted))) : kShort;
}

/// Where the figures go; "" for nowhere.
std::string file_in_folder(const std::string& name) {
  const char* folder = std::getenv("SIGNALBOX_SOAK_FOLDER");
  return folder ? (std::filesystem::path(folder) / name).string() : "";
}

/// Deadlines short enough for harm to end in seconds, limits low enough to be met.
Settings settings() {
  return {{"limits.queue_bytes", "256KiB"},
          {"limits.queue_total_bytes", "8MiB"},
          {"limits.handshake_timeout", "4s"},
          {"limits.register_timeout", "4s"},
          {"limits.ping_interval", "2s"},
          {"limits.pong_timeout", "8s"},
          {"broker.unsubscribe_delay", "100ms"},
          {"api.idle_timeout", "3s"},
          {"server.drain_timeout", "5s"},
          {"server.threads", "2"},
          {"broker.timeout", std::to_string(scaled(2s).count()) + "ms"}};
}

/// An instance, what it held before anybody came, and what it holds each second.
struct Watched {
  Watched(const RedisServer& redis, const std::string& its_name)
      : name(its_name),
        instance(redis, settings()),
        floor(Footprint::of(instance.process().pid())),
        samples(std::make_unique<Samples>(instance.process().pid(), file_in_folder(name + ".csv"))) {}

  void expect_flat_memory() const;
  void expect_floor();
  void expect_clean_end();

  std::string name;
  Instance instance;
  Footprint floor;
  std::unique_ptr<Samples> samples;
};

void Watched::expect_flat_memory() const {
  std::vector<std::size_t> bytes;
  for (const Footprint& sample : samples->all()) bytes.push_back(sample.anonymous_bytes);
  if (bytes.size() < 15) return;
  const Growth growth(bytes);
  std::cout << name << ": " << growth.early / 1024 << " KiB after the first third, " << growth.late / 1024
            << " KiB at the end, at most " << *std::max_element(bytes.begin(), bytes.end()) / 1024 << " KiB, "
            << floor.anonymous_bytes / 1024 << " KiB before anybody came\n";
  EXPECT_TRUE(duration() < kJudged || growth.within(kAllowedBytes, kAllowedPart)) << "the memory of " << name << " grows";
}

/// Everybody has gone.
void Watched::expect_floor() {
  const pid_t pid = instance.process().pid();
  EXPECT_TRUE(wait_until([&] { return instance.metric("signalbox_connections") == 0; }, 3 * kPatience)) << name;
  EXPECT_TRUE(wait_until([&] { return Footprint::of(pid).descriptors <= floor.descriptors; }, 3 * kPatience))
      << name << " holds " << Footprint::of(pid).descriptors << " descriptors, and held " << floor.descriptors;
  EXPECT_EQ(Footprint::of(pid).threads, floor.threads) << name;
  EXPECT_EQ(instance.metric("signalbox_queue_bytes", "connection"), 0) << name;
  EXPECT_EQ(instance.metric("signalbox_users"), 0) << name;
}

/// A sanitizer that has something to report does so with an exit code, and in the log, where ~Instance looks.
void Watched::expect_clean_end() {
  const Footprint last = Footprint::of(instance.process().pid());
  const auto total = [&](const char* metric) { return static_cast<std::size_t>(instance.metric(metric)); };
  std::cout << name << ": " << total("signalbox_registrations_total") << " registrations, "
            << total("signalbox_delivered_total") << " deliveries, " << last.cpu.count() / 1000 << " s of CPU, " << last.threads
            << " threads, " << last.descriptors << " descriptors\n";
  samples.reset();
  instance.process().signal(SIGTERM);
  EXPECT_EQ(instance.process().wait(3 * kPatience), 0) << name << " did not end well:\n" << instance.process().errors();
  if (const std::string file = file_in_folder(name + ".log"); !file.empty()) std::ofstream(file) << instance.process().errors();
}

class EverythingAtOnce {
 public:
  void run(seconds time);
  void expect_well();

 private:
  void trouble_until(Clock::time_point end);
  void start_traffic();
  [[nodiscard]] bool alive() { return one_.instance.process().running() && two_.instance.process().running(); }
  void report_progress(Clock::time_point begun);
  void report();

  RedisServer redis_;
  Watched one_{redis_, "one"};
  Watched two_{redis_, "two"};
  Ledger ledger_;
  Record record_;
  Crowd crowd_{ledger_, record_, one_.instance, two_.instance, kSeed};
  Trouble trouble_{redis_, one_.instance, two_.instance, ledger_, record_, crowd_, kSeed};
  std::vector<std::unique_ptr<SingleTraffic>> single_;
  std::vector<std::unique_ptr<BulkTraffic>> bulk_;
  std::unique_ptr<ForeignLoad> foreign_;
  std::unique_ptr<Hostility> hostility_;
};

void EverythingAtOnce::start_traffic() {
  const std::vector<std::string> users = crowd_.users();
  std::uint64_t seed = kSeed;
  for (Watched* side : {&one_, &two_}) {
    const std::uint16_t port = side->instance.api_port();
    single_.push_back(std::make_unique<SingleTraffic>(ledger_, record_, side->name + "'s API", port, users, ++seed));
    bulk_.push_back(std::make_unique<BulkTraffic>(ledger_, record_, side->name + "'s bulk", port, users, ++seed));
  }
  foreign_ = std::make_unique<ForeignLoad>(ledger_, redis_.port(), users, 15ms, filled_payload);
}

void EverythingAtOnce::run(seconds time) {
  ASSERT_TRUE(crowd_.wait_seated(3 * kPatience));
  start_traffic();
  hostility_ = std::make_unique<Hostility>(
      record_,
      std::vector<Target>{{one_.instance.port(), one_.instance.api_port()}, {two_.instance.port(), two_.instance.api_port()}},
      kSeed);
  trouble_until(Clock::now() + time);
  hostility_.reset();
  single_.clear();
  bulk_.clear();
  foreign_.reset();
}

/// A restart in each period, at a moment of chance, and something else each few seconds. A run that can't be mended ends.
void EverythingAtOnce::trouble_until(Clock::time_point end) {
  std::mt19937_64 random(kSeed);
  const auto begun = Clock::now();
  const auto quarter = std::chrono::duration_cast<milliseconds>(end - begun) / 4;
  const milliseconds period = std::clamp<milliseconds>(quarter, 4s, kRestartEvery);
  auto restart_at = begun + period / 2;
  auto progress_at = begun + 60s;
  bool goes_on = true;
  while (goes_on && alive() && Clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(std::uniform_int_distribution<int>(300, 2000)(random)));
    if (Clock::now() >= restart_at) {
      goes_on = trouble_.restart_redis();
      restart_at =
          Clock::now() + milliseconds(std::uniform_int_distribution<long>(period.count() / 2, period.count() * 3 / 2)(random));
    } else {
      goes_on = trouble_.something_else();
    }
    if (Clock::now() < progress_at) continue;
    report_progress(begun);
    progress_at += 60s;
  }
}

void EverythingAtOnce::report_progress(Clock::time_point begun) {
  std::cout << std::chrono::duration_cast<seconds>(Clock::now() - begun).count() << " s: " << ledger_.sent() << " sent, "
            << ledger_.received_count() << " received, " << trouble_.recoveries().size() << " faults, "
            << record_.complaints().size() << " complaints";
  for (Watched* side : {&one_, &two_}) {
    const std::vector<Footprint> samples = side->samples->all();
    if (!samples.empty()) std::cout << ", " << side->name << " " << samples.back().anonymous_bytes / 1024 << " KiB";
  }
  std::cout << std::endl;
}

void EverythingAtOnce::expect_well() {
  ASSERT_TRUE(one_.instance.process().running()) << one_.instance.process().errors();
  ASSERT_TRUE(two_.instance.process().running()) << two_.instance.process().errors();
  wait_until([&] { return ledger_.lies().empty(); }, 5s);  // what is still on its way
  crowd_.leave();
  std::vector<std::string> lies = ledger_.lies();
  for (std::string& complaint : record_.complaints()) lies.push_back(std::move(complaint));
  EXPECT_EQ(lies.size(), 0u);
  for (std::size_t i = 0; i < std::min<std::size_t>(lies.size(), 20); ++i) ADD_FAILURE() << lies[i];
  report();
  for (Watched* side : {&one_, &two_}) {
    side->expect_flat_memory();
    side->expect_floor();
    side->expect_clean_end();
  }
}

void EverythingAtOnce::report() {
  std::cout << ledger_.sent() << " messages sent, " << ledger_.received_count() << " received by clients, " << ledger_.lost()
            << " lost on their way to a client, each in a gap that it was told; " << ledger_.asked_count() << " questions\n";
  for (const auto& [outcome, count] : ledger_.all_outcomes()) std::cout << "  answered " << outcome << ": " << count << "\n";
  for (const auto& [what, count] : record_.counts()) std::cout << "  " << what << ": " << count << "\n";
  if (!trouble_.recoveries().empty()) print_distribution("recovered after a fault", trouble_.recoveries());
  if (const auto times = record_.round_trips(); !times.empty()) print_distribution("ping to pong of who stays", times);
}

TEST(Soak, EverythingAtOnceForAsLongAsOneLikes) {
  std::cout << duration().count() << " s, seed " << kSeed << std::endl;
  EverythingAtOnce soak;
  soak.run(duration());
  soak.expect_well();
}

}  // namespace
}  // namespace signalbox::test

// One of two instances is killed (SIGKILL), over and over, under load.
#include <memory>
#include <random>

#include <gtest/gtest.h>

#include "tests/integration/under_load.hpp"
#include "tests/soak/rounds.hpp"

namespace signalbox::test {
namespace {

constexpr milliseconds kPause = 3ms;

/// The instance that dies, its clients, and a back end that publishes through it.
struct Victim {
  Victim(const RedisServer& redis, Ledger& books) : ledger(books), instance(redis) {
    for (const char* user : {"mortal", "both"}) {
      clients.push_back(std::make_unique<BookedClient>(ledger, "victim", instance, user, true));
      clients.push_back(std::make_unique<BookedClient>(ledger, "victim", instance, user, false));
    }
    load = std::make_unique<ApiLoad>(ledger, "the victim's API", instance.api_port(),
                                     std::vector<std::string>{"mortal", "steady", "both"}, kPause);
  }
  /// Returns when the process is gone.
  void die() {
    for (const auto& client : clients) ledger.left(client->id());
    instance.process().kill();
    load.reset();
  }

  Ledger& ledger;
  Instance instance;
  std::vector<std::unique_ptr<BookedClient>> clients;
  std::unique_ptr<ApiLoad> load;
};

TEST(Soak, AnInstanceThatIsKilledTakesNobodyWithItAndItsUsersAreGoneWithinASecond) {
  std::mt19937 random(20240502);
  std::uniform_int_distribution<int> moment(0, 300);
  RedisServer redis;
  Ledger ledger;
  Instance steady(redis);
  std::vector<std::unique_ptr<BookedClient>> clients;
  for (const char* user : {"steady", "both"}) {
    clients.push_back(std::make_unique<BookedClient>(ledger, "steady", steady, user, true));
    clients.push_back(std::make_unique<BookedClient>(ledger, "steady", steady, user, false));
  }
  const std::vector<std::string> users{"steady", "both", "mortal", "nobody"};
  auto api = std::make_unique<ApiLoad>(ledger, "the steady one's API", steady.api_port(), users, kPause);
  auto foreign = std::make_unique<ForeignLoad>(ledger, redis.port(), users, kPause);

  std::vector<milliseconds> gone_after;
  for (int round = 0; round < soak_rounds(); ++round) {
    Victim victim(redis, ledger);
    ASSERT_TRUE(steady.exists("mortal"));
    std::this_thread::sleep_for(milliseconds(moment(random)));  // the moment is what is tried here
    victim.die();
    const auto dead = Ledger::Clock::now();
    ASSERT_TRUE(wait_until([&] { return !steady.exists("mortal"); }, Ledger::kHeldOn)) << "round " << round;
    gone_after.push_back(std::chrono::duration_cast<milliseconds>(Ledger::Clock::now() - dead));
    EXPECT_EQ(steady.publish("mortal", "too late").status, 404u);
    EXPECT_TRUE(steady.ready());
  }
  api.reset();
  foreign.reset();
  wait_until([&] { return ledger.lies().empty(); }, 5s);
  for (const std::string& lie : ledger.lies()) ADD_FAILURE() << lie;
  EXPECT_EQ(ledger.gap_count("steady"), 0u);
  EXPECT_EQ(ledger.lost(), 0u);
  std::cout << ledger.sent() << " messages sent, " << ledger.lost() << " lost by clients of the instance that lived, "
            << ledger.lies().size() << " answers that were not true\n";
  print_distribution("exists says no after the death", gone_after);
}

}  // namespace
}  // namespace signalbox::test

// Many shards come and go while a broker answers late, in any order and with any error: in the end all agree.
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/users/user_registry.hpp"

namespace signalbox {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kShards = 4;
constexpr unsigned kUsers = 24;
constexpr int kSteps = 8000;  // of each shard

std::string name(unsigned user) { return "user" + std::to_string(user); }
/// The broker has no access for every eighth user.
bool is_denied(const std::string& channel) { return std::stoul(channel.substr(4)) % 8 == 7; }

/// Completes on the thread that calls answer_one(), in random order, with random errors while `is_kind` is false.
class RacingBroker final : public Broker {
 public:
  void start(Host&) override {}
  void subscribe(std::string_view channel, Done done) override { take(true, channel, std::move(done)); }
  void unsubscribe(std::string_view channel, Done done) override { take(false, channel, std::move(done)); }
  void publish(std::string_view, std::string_view, PublishDone) override {}
  void exists(std::string_view, ExistsDone) override {}
  [[nodiscard]] Capabilities capabilities() const override { return {}; }
  void stop(std::chrono::milliseconds) override {}

  /// False if no call is open.
  bool answer_one(std::mt19937& random, bool is_kind) {
    Call call;
    Status status;
    {
      const std::lock_guard lock(mutex_);
      if (open_.empty()) return false;
      std::swap(open_[random() % open_.size()], open_.back());
      call = std::move(open_.back());
      open_.pop_back();
      in_flight_.erase(call.channel);
      if (call.is_subscribe) {
        status = subscribe_outcome(call.channel, random, is_kind);
        if (status.code == errc::rejected) {
          wanted_.erase(call.channel);
        } else {
          wanted_.insert(call.channel);
        }
      } else {
        if (!is_kind && random() % 4 == 0) status = {errc::unavailable, ""};
        wanted_.erase(call.channel);
      }
    }
    call.done(status);
    return true;
  }

  std::set<std::string> wanted() {
    const std::lock_guard lock(mutex_);
    return wanted_;
  }
  [[nodiscard]] unsigned overlaps() const { return overlaps_; }
  [[nodiscard]] unsigned calls() const { return calls_; }

 private:
  struct Call {
    bool is_subscribe = false;
    std::string channel;
    Done done;
  };

  static Status subscribe_outcome(const std::string& channel, std::mt19937& random, bool is_kind) {
    if (is_denied(channel)) return {errc::rejected, "no"};
    if (is_kind) return {};
    switch (random() % 8) {
      case 0: return {errc::unavailable, ""};
      case 1: return {errc::overloaded, ""};
      case 2: return {errc::unknown_outcome, ""};
      default: return {};
    }
  }

  void take(bool is_subscribe, std::string_view channel, Done done) {
    const std::lock_guard lock(mutex_);
    ++calls_;
    if (!in_flight_.insert(std::string(channel)).second) ++overlaps_;
    open_.push_back({is_subscribe, std::string(channel), std::move(done)});
  }

  std::mutex mutex_;
  std::vector<Call> open_;
  std::set<std::string> in_flight_;
  std::set<std::string> wanted_;
  std::atomic<unsigned> overlaps_{0};
  std::atomic<unsigned> calls_{0};
};

/// The latest standing that each shard knows of each user.
class Answers final : public RegistrationObserver {
 public:
  void on_standing(ShardSet shards, std::string_view key, Standing standing, const Status&) override {
    const std::lock_guard lock(mutex_);
    for (unsigned shard = 0; shard < kShards; ++shard) {
      if (shards >> shard & 1) latest_[{shard, std::string(key)}] = standing;
    }
  }
  void set(unsigned shard, const std::string& key, Standing standing) {
    const std::lock_guard lock(mutex_);
    latest_[{shard, key}] = standing;
  }
  Standing of(unsigned shard, const std::string& key) {
    const std::lock_guard lock(mutex_);
    return latest_[{shard, key}];
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<unsigned, std::string>, Standing> latest_;
};

/// One shard's connections come and go; gives the users that it holds in the end.
std::set<std::string> come_and_go(unsigned shard, UserRegistry& registry, Answers& answers) {
  std::mt19937 random(100 + shard);
  std::set<std::string> held;
  for (int step = 0; step < kSteps; ++step) {
    const std::string user = name(static_cast<unsigned>(random() % kUsers));
    if (held.erase(user) != 0) {
      registry.remove(user, shard);
    } else {
      held.insert(user);
      answers.set(shard, user, Standing::waiting);
      if (registry.add(user, shard) == Standing::confirmed) answers.set(shard, user, Standing::confirmed);
    }
    if (random() % 4 == 0) std::this_thread::yield();
  }
  return held;
}

void race(std::chrono::milliseconds unsubscribe_delay) {
  RacingBroker broker;
  Answers answers;
  const LiveLimits limits{{}};
  UserRegistry registry(broker, answers, limits, "", unsubscribe_delay);

  std::atomic<bool> is_over{false};
  std::thread answering([&] {
    std::mt19937 random(1);
    while (!is_over) {
      if (!broker.answer_one(random, false)) std::this_thread::yield();
      if (random() % 64 == 0) registry.broker_is_ready();
    }
  });
  std::thread ticking([&] {
    while (!is_over) {
      registry.tick(UserRegistry::Clock::now());
      std::this_thread::yield();
    }
  });
  std::array<std::set<std::string>, kShards> held;
  std::vector<std::thread> shards;
  for (unsigned shard = 0; shard < kShards; ++shard) {
    shards.emplace_back([&, shard] { held[shard] = come_and_go(shard, registry, answers); });
  }
  for (std::thread& shard : shards) shard.join();
  is_over = true;
  answering.join();
  ticking.join();

  // Quiet: what is open is answered, what is pending is confirmed, what waits is due, until nothing is asked any more.
  std::mt19937 random(2);
  bool is_quiet = false;
  for (int round = 0; round < 10 && !is_quiet; ++round) {
    is_quiet = !broker.answer_one(random, true);
    while (broker.answer_one(random, true)) {
    }
    registry.broker_is_ready();
    registry.tick(UserRegistry::Clock::now() + 24h);
  }
  ASSERT_TRUE(is_quiet);

  std::set<std::string> users;
  std::set<std::string> expected;
  for (unsigned user = 0; user < kUsers; ++user) {
    ShardSet shard_set = 0;
    for (unsigned shard = 0; shard < kShards; ++shard) {
      if (!held[shard].contains(name(user))) continue;
      shard_set |= ShardSet{1} << shard;
      EXPECT_EQ(answers.of(shard, name(user)), is_denied(name(user)) ? Standing::refused : Standing::confirmed)
          << name(user) << " on shard " << shard;
    }
    EXPECT_EQ(registry.shards_of(name(user)), shard_set) << name(user);
    if (shard_set != 0) users.insert(name(user));
    if (shard_set != 0 && !is_denied(name(user))) expected.insert(name(user));
  }
  EXPECT_EQ(broker.wanted(), expected);
  EXPECT_EQ(registry.users(), users.size());
  EXPECT_EQ(broker.overlaps(), 0U);
  EXPECT_GT(broker.calls(), 4 * kUsers) << "the race did not take place";
}

TEST(UserRegistryRace, EndsWithTheBrokerAndTheShardsInAgreement) { race(0ms); }

TEST(UserRegistryRace, EndsInAgreementWithADelayToo) { race(1ms); }

TEST(UserRegistryRace, AdmitsNoMoreConnectionsOfAUserThanAllowed) {
  constexpr unsigned kMost = 3;
  RacingBroker broker;
  Answers answers;
  LiveLimits limits{{}};
  limits.connections_per_user = kMost;
  UserRegistry registry(broker, answers, limits, "", 0ms);
  std::atomic<unsigned> held{0};
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> shards;
  for (unsigned shard = 0; shard < kShards; ++shard) {
    shards.emplace_back([&, shard] {
      for (int step = 0; step < kSteps; ++step) {
        unsigned mine = 0;
        for (; mine < 2 && registry.add("alice", shard); ++mine) {
          if (held.fetch_add(1) >= kMost) exceeded = true;
        }
        for (; mine > 0; --mine) {
          held.fetch_sub(1);
          mine > 1 ? registry.remove_one("alice") : registry.remove("alice", shard);
        }
      }
    });
  }
  for (std::thread& shard : shards) shard.join();
  EXPECT_FALSE(exceeded);
  for (unsigned i = 0; i < kMost; ++i) EXPECT_TRUE(registry.add("alice", 0)) << "no place was lost";
  EXPECT_FALSE(registry.add("alice", 0));
}

}  // namespace
}  // namespace signalbox

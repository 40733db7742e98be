// A registry between a scripted broker and an observer that writes down what it is told.
#pragma once

#include <chrono>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "core/users/user_registry.hpp"
#include "tests/unit/core/users/scripted_broker.hpp"

namespace signalbox::test {

/// One on_standing.
struct Told {
  ShardSet shards = 0;
  std::string key;
  Standing standing = Standing::waiting;
  std::error_code code;
  std::string detail;

  bool operator==(const Told&) const = default;
};

inline void PrintTo(const Told& told, std::ostream* out) {
  *out << "shards " << told.shards << " of " << told.key << ": standing " << static_cast<int>(told.standing) << " "
       << told.code.message() << " " << told.detail;
}

class RecordingObserver final : public RegistrationObserver {
 public:
  void on_standing(ShardSet shards, std::string_view key, Standing standing, const Status& status) override {
    told_.push_back({shards, std::string(key), standing, status.code, std::string(status.detail)});
  }
  /// What was told since the last time that this was asked.
  std::vector<Told> take() { return std::exchange(told_, {}); }

 private:
  std::vector<Told> told_;
};

class RegistryTest : public testing::Test {
 protected:
  using Clock = UserRegistry::Clock;

  void make(std::chrono::milliseconds unsubscribe_delay, std::string prefix = "") {
    registry_ = std::make_unique<UserRegistry>(broker_, observer_, limits_, std::move(prefix), unsubscribe_delay);
  }

  /// Makes a user whose subscription is confirmed, on shard 0.
  void confirm(std::string_view key) {
    ASSERT_EQ(registry_->add(key, 0), Standing::waiting);
    broker_.subscribed(key);
    ASSERT_THAT(broker_.take_calls(), testing::ElementsAre("subscribe " + std::string(key)));
    ASSERT_THAT(observer_.take(), testing::ElementsAre(Told{1, std::string(key), Standing::confirmed, {}, ""}));
  }

  ScriptedBroker broker_;
  RecordingObserver observer_;
  LiveLimits limits_{{}};
  std::unique_ptr<UserRegistry> registry_;
};

}  // namespace signalbox::test

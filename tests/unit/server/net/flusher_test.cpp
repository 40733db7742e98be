// The end of a batch: with a ring and without, a client can't tell.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/server/clients/shard_fixture.hpp"

namespace signalbox {
namespace {

using test::FakeClient;

constexpr std::size_t kMany = 300;  // more than one ring's
constexpr std::size_t kFew = 16;    // enough for the ring

class FlusherTest : public test::ShardTest, public testing::WithParamInterface<bool> {
 protected:
  FlusherTest() { config.server.io_uring = GetParam(); }

  void open_many(std::size_t count = kMany, test::Buffers buffers = {}) {
    opened = count;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(open_registered(Mode::plain, user(i), buffers));
  }
  static std::string user(std::size_t i) { return "user-" + std::to_string(i); }

  /// One batch: for each user those of these texts.
  void deliver_to_all(const std::vector<std::string>& texts) {
    std::vector<std::string> users;
    for (std::size_t i = 0; i < opened; ++i) users.push_back(user(i));
    std::vector<RoutedMessage> batch;
    for (const std::string& text : texts) {
      for (const std::string& name : users) batch.push_back({1, name, text, true});
    }
    dispatcher.hand_over(batch);
  }
  /// Whether every client gets these texts, in this order, while the loop turns.
  bool all_get(const std::vector<std::string>& texts) {
    return run_until({}, [&] {
      return std::all_of(clients.begin(), clients.end(), [&](const std::unique_ptr<FakeClient>& client) {
        client->read();
        return client->texts() == texts;
      });
    });
  }

  std::vector<std::unique_ptr<FakeClient>> clients;
  std::size_t opened = 0;
};

TEST_P(FlusherTest, WritesABatchToAllWhoHaveAMessage) {
  open_many();
  deliver_to_all({"one"});
  EXPECT_TRUE(all_get({"one"}));
  deliver_to_all({"two", "three"});
  EXPECT_TRUE(all_get({"one", "two", "three"}));
  EXPECT_EQ(metrics.connection_queue_bytes.value(), 0);
}

TEST_P(FlusherTest, KeepsWhatASocketDoesNotTakeUntilTheClientReads) {
  open_many(kFew, {4 * 1024, 4 * 1024});
  std::vector<std::string> texts;
  for (const char letter : {'a', 'b', 'c'}) {
    texts.emplace_back(20'000, letter);
    deliver_to_all({texts.back()});
    turn();
  }
  EXPECT_TRUE(all_get(texts));
}

TEST_P(FlusherTest, LosesOnlyTheClientsThatAreGone) {
  open_many();
  for (std::size_t i = 0; i < kMany / 2; ++i) clients[i]->disconnect();
  clients.erase(clients.begin(), clients.begin() + kMany / 2);
  deliver_to_all({"one"});
  deliver_to_all({"two"});
  EXPECT_TRUE(all_get({"one", "two"}));
  EXPECT_TRUE(run_until({}, [&] { return open_connections() == static_cast<std::int64_t>(kMany / 2); }));
}

INSTANTIATE_TEST_SUITE_P(With, FlusherTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& ring) { return ring.param ? "ARing" : "SendAlone"; });

}  // namespace
}  // namespace signalbox

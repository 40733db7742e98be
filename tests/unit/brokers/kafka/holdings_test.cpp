#include "brokers/kafka/holdings.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::kafka {
namespace {

class HoldingsTest : public testing::Test {
 protected:
  HoldingsTest() {
    holdings_.set_partitions(1);
    holdings_.set_up(true);
  }

  void subscribe(const std::string& name) { holdings_.subscribe(name, done("subscribe"), deadline()); }
  void unsubscribe(const std::string& name) { holdings_.unsubscribe(name, done("unsubscribe"), deadline()); }
  /// Writes what is due to the log; true if that was a route.
  bool write() {
    const auto write = holdings_.next_write();
    EXPECT_TRUE(write) << "nothing is due";
    if (!write) return false;
    channel_ = write->channel;
    return write->hold;
  }
  void stored() { holdings_.reported(*channel_, 0, next_++); }
  void read() { holdings_.read_up_to(0, next_); }
  bool confirm() {
    const bool hold = write();
    stored();
    read();
    return hold;
  }
  std::vector<std::string> take() { return std::exchange(told_, {}); }

  using Told = std::vector<std::string>;
  Holdings holdings_;
  Channel* channel_ = nullptr;
  std::int64_t next_ = 0;
  Told told_;

 private:
  Done done(const std::string& what) {
    return [this, what](const Status& status) { told_.push_back(what + " " + word(static_cast<errc>(status.code.value()))); };
  }
  static Time deadline() { return Time() + Duration(1000); }
};

TEST_F(HoldingsTest, ConfirmsOnceStoredAndReadBack) {
  subscribe("alice");
  EXPECT_TRUE(write());
  stored();
  EXPECT_TRUE(take().empty());
  read();
  EXPECT_EQ(take(), Told{"subscribe ok"});
}

TEST_F(HoldingsTest, ConfirmsAlsoIfItIsReadBeforeTheReport) {
  subscribe("alice");
  write();
  holdings_.read_up_to(0, 1);
  EXPECT_TRUE(take().empty());
  stored();
  EXPECT_EQ(take(), Told{"subscribe ok"});
}

TEST_F(HoldingsTest, CoalescesFlaps) {
  subscribe("alice");
  write();
  unsubscribe("alice");
  subscribe("alice");
  EXPECT_EQ(take(), Told{"unsubscribe superseded"});
  EXPECT_FALSE(holdings_.next_write()) << "one record at a time";
  stored();
  read();
  EXPECT_EQ(take(), (Told{"subscribe ok", "subscribe ok"}));
  EXPECT_FALSE(holdings_.next_write());
}

TEST_F(HoldingsTest, ErasesWhatIsNotWantedAnyMore) {
  subscribe("alice");
  confirm();
  take();
  unsubscribe("alice");
  EXPECT_FALSE(holdings_.delivers("alice"));
  EXPECT_TRUE(take().empty());
  EXPECT_FALSE(confirm()) << "a tombstone";
  EXPECT_EQ(take(), Told{"unsubscribe ok"});
  EXPECT_FALSE(holdings_.knows("alice"));
}

TEST_F(HoldingsTest, WritesAgainWhatMayNotHaveBeenStoredAsItIsWantedThen) {
  subscribe("alice");
  write();
  holdings_.reported(*channel_, 0, std::nullopt);
  unsubscribe("alice");
  EXPECT_FALSE(confirm()) << "the route may be in the log: it is erased, not forgotten";
  EXPECT_FALSE(holdings_.knows("alice"));
}

TEST_F(HoldingsTest, WritesAgainWhatIsNeverReported) {
  subscribe("alice");
  subscribe("bob");
  write();
  stored();
  write();
  holdings_.abandon_reports();
  const auto again = holdings_.next_write();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->channel->first, "bob");
  EXPECT_FALSE(holdings_.next_write()) << "the other one was stored";
  stored();
  read();
  EXPECT_EQ(take(), (Told{"subscribe ok", "subscribe ok"}));
}

TEST_F(HoldingsTest, UnsubscribesAtOnceWhileDownAndErasesLater) {
  subscribe("alice");
  confirm();
  take();
  holdings_.set_up(false);
  unsubscribe("alice");
  EXPECT_EQ(take(), Told{"unsubscribe ok"});
  EXPECT_FALSE(holdings_.next_write());
  holdings_.set_up(true);
  EXPECT_FALSE(confirm()) << "a tombstone";
  EXPECT_FALSE(holdings_.knows("alice"));
}

TEST_F(HoldingsTest, UnsubscribesAtOnceAlsoWhatWaitsForTheWindowWhenTheLinkGoes) {
  const std::size_t count = Holdings::kWindow + 1;
  for (std::size_t i = 0; i < count; ++i) {
    subscribe(std::to_string(i));
    confirm();
  }
  take();
  for (std::size_t i = 0; i < count; ++i) unsubscribe(std::to_string(i));
  for (std::size_t i = 0; i < Holdings::kWindow; ++i) write();
  EXPECT_FALSE(holdings_.next_write());
  holdings_.set_up(false);
  EXPECT_EQ(take(), Told(count, "unsubscribe ok"));
}

TEST_F(HoldingsTest, RecoversWhatWasAskedForWhileDown) {
  holdings_.set_up(false);
  subscribe("alice");
  EXPECT_EQ(holdings_.recovering(), 1u);
  holdings_.turn(Time() + Duration(1000));
  EXPECT_EQ(take(), Told{"subscribe unavailable"});
  holdings_.set_up(true);
  EXPECT_TRUE(confirm());
  EXPECT_EQ(holdings_.recovering(), 0u);
}

TEST_F(HoldingsTest, WritesEverythingAgainAfterARestart) {
  subscribe("alice");
  confirm();
  subscribe("bob");
  confirm();
  holdings_.restart();
  EXPECT_EQ(holdings_.recovering(), 2u);
  next_ = 0;
  EXPECT_TRUE(confirm());
  EXPECT_TRUE(confirm());
  EXPECT_EQ(holdings_.recovering(), 0u);
  EXPECT_FALSE(holdings_.next_write());
}

TEST_F(HoldingsTest, WritesARouteAgainThatSomebodyErased) {
  subscribe("alice");
  confirm();
  holdings_.erased("alice", next_++);
  EXPECT_EQ(holdings_.recovering(), 1u);
  EXPECT_TRUE(confirm());
  EXPECT_EQ(holdings_.recovering(), 0u);
}

TEST_F(HoldingsTest, ConfirmsNoRouteThatIsGoneBeforeItsReport) {
  subscribe("alice");
  write();
  holdings_.erased("alice", next_ + 1);
  holdings_.read_up_to(0, next_ + 2);
  holdings_.reported(*channel_, 0, next_);
  EXPECT_TRUE(take().empty()) << "the log holds no route";
  next_ += 2;
  EXPECT_TRUE(confirm());
  EXPECT_EQ(take(), Told{"subscribe ok"});
}

TEST_F(HoldingsTest, ConfirmsNoRouteThatIsReadTogetherWithItsEnd) {
  subscribe("alice");
  write();
  stored();
  holdings_.erased("alice", next_++);
  read();
  EXPECT_TRUE(take().empty());
  EXPECT_TRUE(confirm());
  EXPECT_EQ(take(), Told{"subscribe ok"});
}

TEST_F(HoldingsTest, PassesOverATombstoneThatStandsBeforeTheRoute) {
  subscribe("alice");
  write();
  holdings_.erased("alice", next_++);  // what we swept ourselves
  stored();
  read();
  EXPECT_EQ(take(), Told{"subscribe ok"});
  EXPECT_FALSE(holdings_.next_write());
}

TEST_F(HoldingsTest, ErasesEverythingAtTheEnd) {
  subscribe("alice");
  confirm();
  subscribe("bob");
  take();
  holdings_.drain();
  EXPECT_EQ(take(), Told{"subscribe closed"});
  EXPECT_FALSE(holdings_.drained());
  EXPECT_FALSE(confirm()) << "a tombstone";
  EXPECT_FALSE(holdings_.next_write());
  EXPECT_TRUE(holdings_.drained());
}

}  // namespace
}  // namespace signalbox::kafka

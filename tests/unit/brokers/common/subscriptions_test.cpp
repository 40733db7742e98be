#include "brokers/common/subscriptions.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/common/turn.hpp"

namespace signalbox::brokers {
namespace {

using Words = std::vector<std::string>;

class SubscriptionsTest : public testing::Test {
 protected:
  void subscribe(const std::string& name) { channels_.subscribe(name, note("+" + name), now_ + Duration(1000), proven_); }
  void unsubscribe(const std::string& name) { channels_.unsubscribe(name, note("-" + name), now_ + Duration(1000)); }
  Done note(const std::string& what) {
    return [this, what](const Status& status) { ended_.push_back(what + " " + word(static_cast<errc>(status.code.value()))); };
  }
  /// Takes what is to be said: it is under way then.
  Words say() {
    Words said;
    while (Channel* channel = channels_.front()) {
      const std::string name = channel->first;
      const auto verb = channels_.take_front();
      if (!verb) continue;
      said.push_back((*verb == Verb::subscribe ? "+" : "-") + name);
      under_way_.push_back(channel);
    }
    std::sort(said.begin(), said.end());
    return said;
  }
  void answer() {
    for (Channel* channel : std::exchange(under_way_, {})) {
      channel->second.have == Have::subscribing ? channels_.confirm(*channel) : channels_.release(*channel);
    }
  }
  void have(const std::string& name) {
    subscribe(name);
    say();
    answer();
    ended_.clear();
  }
  void lose_link() { channels_.link_down(std::exchange(under_way_, {})); }
  Words ended() { return std::exchange(ended_, {}); }

  static constexpr std::size_t kRate = 1000;
  Time now_ = Time() + Duration(5000);
  bool proven_ = true;
  Subscriptions channels_{kRate};
  std::vector<Channel*> under_way_;
  Words ended_;
};

TEST_F(SubscriptionsTest, SaysNothingBeforeThereIsALink) {
  subscribe("alice");
  EXPECT_TRUE(channels_.quiet());
  channels_.link_up(now_);
  channels_.turn(now_ + Duration(50));
  EXPECT_EQ(say(), Words{"+alice"});
  EXPECT_TRUE(ended().empty());
  answer();
  EXPECT_EQ(ended(), Words{"+alice ok"});
  subscribe("alice");
  EXPECT_EQ(ended(), Words{"+alice ok"}) << "it is there";
}

TEST_F(SubscriptionsTest, HasOneOperationOfAChannelUnderWay) {
  channels_.link_up(now_);
  subscribe("alice");
  EXPECT_EQ(say(), Words{"+alice"});
  unsubscribe("alice");
  subscribe("alice");
  unsubscribe("alice");
  EXPECT_EQ(ended(), Words{"-alice superseded"});
  EXPECT_TRUE(say().empty());
  answer();
  EXPECT_EQ(ended(), (Words{"+alice ok", "+alice ok"}));
  EXPECT_EQ(say(), Words{"-alice"});
  subscribe("alice");
  answer();
  EXPECT_EQ(ended(), Words{"-alice ok"});
  EXPECT_EQ(say(), Words{"+alice"}) << "it is wanted again";
}

TEST_F(SubscriptionsTest, OvertakesWhatHasNotBeenSaid) {
  channels_.link_up(now_);
  subscribe("alice");
  unsubscribe("alice");
  EXPECT_EQ(ended(), (Words{"+alice superseded", "-alice ok"}));
  EXPECT_TRUE(say().empty());
  EXPECT_EQ(channels_.table().find("alice"), nullptr);
  unsubscribe("alice");
  EXPECT_EQ(ended(), Words{"-alice ok"}) << "as of any that is not known";
}

TEST_F(SubscriptionsTest, CountsWhatReadyHasToConfirm) {
  channels_.link_up(now_);
  proven_ = false;
  subscribe("alice");
  proven_ = true;
  subscribe("bob");
  EXPECT_EQ(channels_.recovering(), 1U);
  say();
  channels_.turn(now_ + Duration(1000));
  EXPECT_EQ(ended(), (Words{"+alice unavailable", "+bob unavailable"}));
  EXPECT_EQ(channels_.recovering(), 2U) << "they are still wanted";
  answer();
  EXPECT_EQ(channels_.recovering(), 0U);
}

TEST_F(SubscriptionsTest, SaysEverythingAgainOnANewLinkAsFastAsItMay) {
  channels_.link_up(now_);
  for (int i = 0; i < 1000; ++i) subscribe(std::to_string(i));
  EXPECT_EQ(say().size(), 1000U) << "what is asked for has no limit";
  answer();
  EXPECT_FALSE(channels_.lost_channels());
  lose_link();
  EXPECT_TRUE(channels_.lost_channels());
  EXPECT_EQ(channels_.recovering(), 1000U);
  channels_.link_up(now_);
  EXPECT_TRUE(say().empty());
  channels_.turn(now_ += Duration(20));
  const std::size_t first = say().size();
  EXPECT_GE(first, 20U);
  EXPECT_LT(first, 30U) << "a bucket of the table more at most";
  channels_.turn(now_ += Duration(10'000));
  EXPECT_LT(say().size(), kRate / 10 + 10) << "time that has passed adds up to a tenth of a second";
}

TEST_F(SubscriptionsTest, CompletesWhatALostLinkLeavesASliceATurn) {
  channels_.link_up(now_);
  constexpr std::size_t kChannels = kCompletionsPerTurn + 10;
  for (std::size_t i = 0; i < kChannels; ++i) have(std::to_string(i));
  for (std::size_t i = 0; i < kChannels; ++i) unsubscribe(std::to_string(i));
  say();
  lose_link();
  EXPECT_TRUE(ended_.empty());
  channels_.turn(now_);
  EXPECT_EQ(ended().size(), kCompletionsPerTurn);
  EXPECT_TRUE(channels_.unfinished());
  channels_.turn(now_);
  EXPECT_EQ(ended().size(), 10U);
  EXPECT_FALSE(channels_.unfinished());
}

TEST_F(SubscriptionsTest, KeepsNothingOfALostLinkThatIsNotWanted) {
  channels_.link_up(now_);
  subscribe("alice");
  subscribe("bob");
  say();
  unsubscribe("alice");
  lose_link();
  channels_.turn(now_);
  EXPECT_EQ(ended(), (Words{"+alice superseded", "-alice ok"}));
  EXPECT_EQ(channels_.table().find("alice"), nullptr);
  channels_.link_up(now_);
  channels_.turn(now_ + Duration(50));
  EXPECT_EQ(say(), Words{"+bob"});
}

TEST_F(SubscriptionsTest, TellsWhetherACallHasToldThatAChannelIsRefused) {
  channels_.link_up(now_);
  have("alice");
  EXPECT_TRUE(channels_.reject(*channels_.table().find("alice"), "no"));
  EXPECT_TRUE(ended().empty());
  subscribe("bob");
  say();
  EXPECT_FALSE(channels_.reject(*under_way_.front(), "no"));
  EXPECT_EQ(ended(), Words{"+bob rejected"});
}

TEST_F(SubscriptionsTest, GivesEverythingUpWhenItDrains) {
  channels_.link_up(now_);
  have("alice");
  subscribe("bob");
  say();
  subscribe("carol");
  channels_.drain();
  std::sort(ended_.begin(), ended_.end());
  EXPECT_EQ(ended(), (Words{"+bob closed", "+carol closed"}));
  EXPECT_EQ(say(), Words{"-alice"});
  answer();
  EXPECT_FALSE(channels_.drained()) << "bob has come meanwhile";
  EXPECT_EQ(say(), Words{"-bob"});
  EXPECT_TRUE(channels_.drained());
}

TEST(Subscriptions, SaysAllAtOnceWhereThereIsNoRate) {
  Subscriptions channels;
  for (int i = 0; i < 3; ++i) channels.subscribe(std::to_string(i), [](const Status&) {}, Time(), true);
  channels.link_up({});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(channels.front());
    EXPECT_EQ(channels.take_front(), Verb::subscribe);
  }
  EXPECT_FALSE(channels.front());
}

}  // namespace
}  // namespace signalbox::brokers

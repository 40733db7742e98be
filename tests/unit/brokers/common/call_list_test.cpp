#include "brokers/common/call_list.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::brokers {
namespace {

class CallListTest : public ::testing::Test {
 protected:
  void add(Channel& channel, Verb verb, const std::string& name, int deadline) {
    calls.add(
        channel, verb, [this, name](Status status) { finished.push_back(name + " " + status.code.message()); },
        Time(Duration(deadline)));
  }

  CallList calls;
  Channel a{"a", {}};
  Channel b{"b", {}};
  std::vector<std::string> finished;
};

TEST_F(CallListTest, FinishesTheCallsOfOneVerbOfOneChannel) {
  add(a, Verb::subscribe, "a+", 1);
  add(a, Verb::unsubscribe, "a-", 1);
  add(b, Verb::subscribe, "b+", 1);
  calls.finish(a, Verb::subscribe, {errc::superseded, {}});
  EXPECT_EQ(finished, std::vector<std::string>{"a+ superseded"});
  EXPECT_FALSE(calls.has(a, Verb::subscribe));
  EXPECT_TRUE(calls.has(a, Verb::unsubscribe));
  EXPECT_TRUE(calls.has(b, Verb::subscribe));
  calls.finish_all({errc::closed, {}});
  EXPECT_EQ(finished.size(), 3U);
  EXPECT_EQ(a.second.calls, 0U);
}

TEST_F(CallListTest, ExpiresInOrderAndOnlyWhatIsStillOpen) {
  add(a, Verb::subscribe, "a", 10);
  calls.finish(a, Verb::subscribe, {});
  add(b, Verb::subscribe, "b", 20);  // takes the slot of the first, not its deadline
  add(a, Verb::unsubscribe, "a-", 30);
  EXPECT_FALSE(calls.expire(Time(Duration(19))));
  const auto expired = calls.expire(Time(Duration(25)));
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->channel, &b);
  EXPECT_EQ(expired->verb, Verb::subscribe);
  EXPECT_FALSE(calls.expire(Time(Duration(25))));
  EXPECT_TRUE(calls.expire(Time(Duration(30))));
  EXPECT_FALSE(calls.expire(Time(Duration(99))));
  EXPECT_EQ(finished.size(), 3U);
  EXPECT_EQ(finished[1], "b unavailable");
}

TEST_F(CallListTest, FinishesTheCallsOfAChannelInTheOrderInWhichTheyWereMade) {
  const auto add_all = [&] {
    finished.clear();
    for (const char* name : {"1", "2", "3"}) {
      add(a, Verb::subscribe, name, 1);
      add(a, Verb::unsubscribe, std::string("-") + name, 1);
      add(b, Verb::subscribe, std::string("b") + name, 1);
    }
  };
  add_all();
  calls.finish(a, Verb::unsubscribe, {});
  calls.finish(a, Verb::subscribe, {});
  calls.finish(b, Verb::subscribe, {});
  EXPECT_EQ(finished, (std::vector<std::string>{"-1 Success", "-2 Success", "-3 Success", "1 Success", "2 Success", "3 Success",
                                                "b1 Success", "b2 Success", "b3 Success"}));
  add_all();
  calls.finish_all({errc::closed, {}});
  EXPECT_EQ(finished, (std::vector<std::string>{"1 closed", "-1 closed", "b1 closed", "2 closed", "-2 closed", "b2 closed",
                                                "3 closed", "-3 closed", "b3 closed"}));
}

TEST_F(CallListTest, TellsWhetherAnythingHasExpired) {
  EXPECT_FALSE(calls.has_expired(Time(Duration(99))));
  add(a, Verb::subscribe, "a", 10);
  EXPECT_FALSE(calls.has_expired(Time(Duration(9))));
  EXPECT_TRUE(calls.has_expired(Time(Duration(10))));
}

TEST_F(CallListTest, SurvivesAStormOfCalls) {
  for (int round = 0; round < 3; ++round) {
    finished.clear();
    for (int i = 0; i < 5000; ++i) add(i % 2 == 0 ? a : b, Verb::subscribe, "x", round);
    calls.finish(a, Verb::subscribe, {});
    EXPECT_EQ(finished.size(), 2500U);
    while (calls.expire(Time(Duration(round)))) {
    }
    EXPECT_EQ(finished.size(), 5000U);
    EXPECT_EQ(b.second.calls, 0U);
  }
}

TEST_F(CallListTest, HandsCallsToAnotherListWhichEndsThemInTime) {
  add(a, Verb::subscribe, "first", 10);
  add(a, Verb::unsubscribe, "stays", 11);
  add(a, Verb::subscribe, "second", 12);
  CallList heir;
  Channel there{"a", {}};
  heir.add(there, Verb::subscribe, [this](Status) { finished.push_back("own"); }, Time(Duration(11)));
  for (CallList::Taken& taken : calls.take(a, Verb::subscribe)) {
    heir.add(there, Verb::subscribe, std::move(taken.done), taken.deadline);
  }
  EXPECT_FALSE(calls.has(a, Verb::subscribe));
  EXPECT_TRUE(calls.has(a, Verb::unsubscribe));
  EXPECT_TRUE(calls.take(b, Verb::subscribe).empty());
  EXPECT_TRUE(finished.empty());
  EXPECT_TRUE(heir.expire(Time(Duration(10))));
  EXPECT_FALSE(heir.expire(Time(Duration(10))));
  EXPECT_EQ(finished, std::vector<std::string>{"first unavailable"});
  EXPECT_TRUE(heir.expire(Time(Duration(12))) && heir.expire(Time(Duration(12))));
  EXPECT_EQ(finished.back(), "second unavailable");
  EXPECT_TRUE(heir.empty());
  calls.finish_all({errc::closed, {}});
  EXPECT_EQ(finished.back(), "stays closed");
}

}  // namespace
}  // namespace signalbox::brokers

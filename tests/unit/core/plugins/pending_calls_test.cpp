#include "core/plugins/pending_calls.hpp"

#include <string>

#include <gmock/gmock.h>

namespace signalbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PendingCallsTest : public testing::Test {
 protected:
  std::uint64_t put(const std::string& name, errc if_overdue = errc::unavailable) { return enter(name, if_overdue).op; }
  PendingCalls::Entry enter(const std::string& name, errc if_overdue = errc::unavailable) {
    return calls_.put(Done([this, name](const Status&) { finished_.push_back(name); }), if_overdue);
  }
  bool take(std::uint64_t op) {
    Completion completion;
    return calls_.take(op, completion);
  }
  /// The names of the calls that are overdue at the next look.
  std::vector<std::string> overdue(std::uint32_t age) {
    finished_.clear();
    for (PendingCalls::Overdue& call : calls_.take_overdue(age)) finish(std::move(call.completion), {});
    return finished_;
  }

  PendingCalls calls_;
  std::vector<std::string> finished_;
};

TEST_F(PendingCallsTest, TakesWhatIsOverdueTheOldestFirstWhateverWasClosedBetween) {
  put("a");
  const std::uint64_t closed = put("closed");
  put("b");
  EXPECT_THAT(overdue(1), IsEmpty());
  EXPECT_TRUE(take(closed));
  put("c");  // in the place of the closed one
  EXPECT_THAT(overdue(1), ElementsAre("a", "b"));
  EXPECT_THAT(overdue(1), ElementsAre("c"));
  EXPECT_THAT(overdue(0), IsEmpty());
}

TEST_F(PendingCallsTest, TellsWhichCodeIsMeantAndWhetherTheVerbHasReturned) {
  PendingCalls::returned(enter("a", errc::internal));
  put("b", errc::unknown_outcome);
  const std::vector<PendingCalls::Overdue> overdue = calls_.take_overdue(0);
  ASSERT_EQ(overdue.size(), 2U);
  EXPECT_EQ(overdue[0].code, errc::internal);
  EXPECT_FALSE(overdue[0].inside);
  EXPECT_EQ(overdue[1].code, errc::unknown_outcome);
  EXPECT_TRUE(overdue[1].inside);
}

TEST_F(PendingCallsTest, DoesNotTakeAVerbThatReturnsLateForTheNextOneInItsPlace) {
  const PendingCalls::Entry first = enter("first");
  EXPECT_TRUE(take(first.op));
  const PendingCalls::Entry second = enter("second");
  ASSERT_EQ(second.inside, first.inside) << "it does not have its place";
  PendingCalls::returned(first);
  const std::vector<PendingCalls::Overdue> overdue = calls_.take_overdue(0);
  ASSERT_EQ(overdue.size(), 1U);
  EXPECT_TRUE(overdue[0].inside);
}

TEST_F(PendingCallsTest, TakesAllThatIsOpenInTheOrderOfTheCalls) {
  const std::uint64_t first = put("first");
  const std::uint64_t second = put("second");
  put("third");
  EXPECT_TRUE(take(second));
  EXPECT_TRUE(take(first));
  put("fourth");
  put("fifth");
  for (Completion& completion : calls_.take_all()) finish(std::move(completion), {});
  EXPECT_THAT(finished_, ElementsAre("third", "fourth", "fifth"));
  EXPECT_THAT(calls_.take_all(), IsEmpty());
}

TEST_F(PendingCallsTest, KnowsNoCallThatIsClosedOrWasNeverMade) {
  EXPECT_FALSE(take(0));
  const std::uint64_t op = put("a");
  EXPECT_TRUE(take(op));
  EXPECT_FALSE(take(op));
  put("b");
  EXPECT_FALSE(take(op)) << "its place is another's";
}

}  // namespace
}  // namespace signalbox

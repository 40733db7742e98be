#include "brokers/common/call_queue.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/recording_host.hpp"

namespace signalbox::brokers {
namespace {

class CallQueueTest : public testing::Test {
 protected:
  void publish(const std::string& channel, const std::string& payload) {
    Call call{Call::Kind::publish, 0, 0, 0, note(channel)};
    const bool first = intake_.append(std::move(call), channel, payload);
    EXPECT_EQ(first, made_.size() == taken_.size()) << "whether the thread is to be woken";
    made_.push_back(channel + "=" + payload);
  }
  void publish_refused(const Status& refusal, std::size_t cost) {
    EXPECT_TRUE(budget_.take(cost));
    static_cast<void>(intake_.append({Call::Kind::publish, 0, 0, cost, note(""), refusal}, "", ""));
  }
  PublishDone note(const std::string& channel) {
    return [this, channel](Status status, Receivers) {
      ended_.push_back(channel + " " + word(static_cast<errc>(status.code.value())));
    };
  }
  bool take_slice() {
    return queue_.take_slice([this](Call& call, std::string_view channel, std::string_view payload, Time deadline) {
      EXPECT_EQ(deadline, call.made_at + host_.info().call_timeout - kTick);
      taken_.push_back(std::string(channel) + "=" + std::string(payload));
    });
  }

  test::RecordingHost host_;
  Intake intake_;
  Budget budget_{1000};
  CallQueue queue_{intake_, budget_, host_};
  std::vector<std::string> made_, taken_, ended_;
};

TEST_F(CallQueueTest, HandsOutCallsInOrderFromChunksThatHaveBeenUsedBefore) {
  const std::string large(2 * Intake::kLargeBytes, 'l');
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < 2 * Intake::kSpareChunks * CallChunk::kCalls; ++i) {
      publish(std::to_string(i), i % 500 == 0 ? large : std::string(i % 40, 'p'));
    }
    while (take_slice()) {
    }
    ASSERT_EQ(taken_, made_);
  }
}

TEST_F(CallQueueTest, TakesNoMoreThanASliceInATurn) {
  for (std::size_t i = 0; i < CallQueue::kCallsPerTurn + 1; ++i) publish("a", "");
  EXPECT_TRUE(take_slice());
  EXPECT_EQ(taken_.size(), CallQueue::kCallsPerTurn);
  EXPECT_TRUE(take_slice()) << "there may be more";
  EXPECT_EQ(taken_.size(), CallQueue::kCallsPerTurn + 1);
  EXPECT_FALSE(take_slice());
}

TEST_F(CallQueueTest, CompletesWhatIsLeftAndDropsWhatComesAfterwards) {
  publish("a", "1");
  queue_.refuse_all();
  EXPECT_FALSE(take_slice());
  EXPECT_EQ(ended_, std::vector<std::string>{"a closed"});
  publish_refused({}, 100);
  queue_.close();
  EXPECT_EQ(ended_, (std::vector<std::string>{"a closed", " closed"}));
  EXPECT_EQ(budget_.used(), 0U);
  EXPECT_FALSE(intake_.append({Call::Kind::publish, 0, 0, 0, PublishDone()}, "a", "2"));
  EXPECT_FALSE(take_slice());
  EXPECT_TRUE(taken_.empty());
}

TEST_F(CallQueueTest, CompletesItselfWhatWasRefusedWhenItWasMade) {
  publish_refused({errc::too_large, {}}, 100);
  EXPECT_FALSE(take_slice());
  EXPECT_EQ(ended_, std::vector<std::string>{" too_large"});
  EXPECT_EQ(budget_.used(), 0U);
  EXPECT_TRUE(taken_.empty());
}

}  // namespace
}  // namespace signalbox::brokers

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
    Call call{Call::Kind::publish, 0, 0, 0, PublishDone([](Status, Receivers) {})};
    const bool first = intake_.append(std::move(call), channel, payload);
    EXPECT_EQ(first, made_.size() == taken_.size()) << "whether the thread is to be woken";
    made_.push_back(channel + "=" + payload);
  }
  bool take_slice() {
    return queue_.take_slice([this](Call&, std::string_view channel, std::string_view payload) {
      taken_.push_back(std::string(channel) + "=" + std::string(payload));
    });
  }

  test::RecordingHost host_;
  Intake intake_;
  CallQueue queue_{intake_, host_};
  std::vector<std::string> made_, taken_;
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
  queue_.close([this](Call&, std::string_view channel, std::string_view payload) {
    taken_.push_back(std::string(channel) + "=" + std::string(payload));
  });
  EXPECT_EQ(taken_, made_);
  EXPECT_FALSE(intake_.append({Call::Kind::publish, 0, 0, 0, PublishDone()}, "a", "2"));
  EXPECT_FALSE(take_slice());
  EXPECT_EQ(taken_, made_);
}

}  // namespace
}  // namespace signalbox::brokers

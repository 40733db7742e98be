#include "brokers/kafka/topics.hpp"

#include <gtest/gtest.h>

namespace signalbox::kafka {
namespace {

template <class Action>
std::string trouble(Action action) {
  try {
    action();
  } catch (const ConnectFault& caught) {
    EXPECT_EQ(caught.fault.kind, FaultKind::config);
    return caught.fault.text;
  }
  return "fine";
}

TEST(KafkaTopics, AcceptWhatThePlanAsksForAndMore) {
  const TopicPlan plan = presence_plan({});
  const TopicSettings settings{{"cleanup.policy", "compact"}, {"message.timestamp.type", "LogAppendTime"}, {"other", "x"}};
  EXPECT_EQ(trouble([&] { check(plan, settings, 8); }), "fine");
  EXPECT_EQ(trouble([&] { check(plan, settings, 9); }), "fine");
}

TEST(KafkaTopics, NameWhatIsWrongAndWhatWouldBeRight) {
  EXPECT_EQ(trouble([] { check(presence_plan({}), {{"cleanup.policy", "compact,delete"}}, 8); }),
            "topic signalbox.presence has cleanup.policy=compact,delete: it must be compact");
  EXPECT_EQ(trouble([] { check(inbox_plan({}), {{"cleanup.policy", "compact"}}, 64); }),
            "topic signalbox.inbox has cleanup.policy=compact: it must be delete");
  TopicSettings settings{{"cleanup.policy", "delete"}, {"message.timestamp.type", "CreateTime"}};
  EXPECT_EQ(trouble([&] { check(inbox_plan({}), settings, 64); }),
            "topic signalbox.inbox has message.timestamp.type=CreateTime: it must be LogAppendTime");
  settings["message.timestamp.type"] = "LogAppendTime";
  EXPECT_EQ(trouble([&] { check(inbox_plan({}), settings, 3); }),
            "topic signalbox.inbox has 3 partitions: broker.kafka.inbox_partitions asks for 64");
}

TEST(KafkaTopics, RefuseATopicThatForgetsWhatWasErasedOrLosesRecords) {
  TopicSettings settings{{"cleanup.policy", "compact"},
                         {"message.timestamp.type", "LogAppendTime"},
                         {"delete.retention.ms", "3600000"},
                         {"unclean.leader.election.enable", "false"}};
  EXPECT_EQ(trouble([&] { check(presence_plan({}), settings, 8); }), "fine");
  settings["delete.retention.ms"] = "3599999";
  EXPECT_EQ(trouble([&] { check(presence_plan({}), settings, 8); }),
            "topic signalbox.presence has delete.retention.ms=3599999: it must be at least 3600000");
  settings["unclean.leader.election.enable"] = "true";
  EXPECT_EQ(
      trouble([&] { check(presence_plan({}), settings, 8); }),
      "topic signalbox.presence has unclean.leader.election.enable=true, which loses records in silence: it must be false");
}

TEST(KafkaTopics, RefuseALargestMessageBelowTheHosts) {
  EXPECT_EQ(trouble([] { check_record_bytes(inbox_plan({}), {{"max.message.bytes", "1000"}}, 1100); }),
            "topic signalbox.inbox has max.message.bytes=1000: limits.message_bytes needs 1100");
  EXPECT_EQ(check_record_bytes(inbox_plan({}), {{"max.message.bytes", "1100"}}, 1100), 1100u);
}

}  // namespace
}  // namespace signalbox::kafka

#include "brokers/kafka/errors.hpp"

#include <gtest/gtest.h>

namespace signalbox::kafka {
namespace {

TEST(KafkaErrors, TellPassingFaultsFromThoseForAnOperator) {
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR__TRANSPORT).kind, FaultKind::passing);
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN).kind, FaultKind::lost);
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR__AUTHENTICATION).kind, FaultKind::auth);
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED).kind, FaultKind::auth);
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART).kind, FaultKind::missing);
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP).kind, FaultKind::config);
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR__FATAL).kind, FaultKind::broken);
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET).kind, FaultKind::truncated);
}

TEST(KafkaErrors, GiveTheCallerItsCode) {
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR__QUEUE_FULL).code, errc::overloaded);
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE).code, errc::too_large);
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT).code, errc::unavailable);
  EXPECT_EQ(meaning_of(RD_KAFKA_RESP_ERR_INVALID_TXN_STATE).code, errc::internal) << "no row";
}

TEST(KafkaErrors, AreOneLine) {
  EXPECT_EQ(words(RD_KAFKA_RESP_ERR__TRANSPORT, "two\nlines"), "two lines");
  EXPECT_FALSE(words(RD_KAFKA_RESP_ERR__TRANSPORT).empty());
}

}  // namespace
}  // namespace signalbox::kafka

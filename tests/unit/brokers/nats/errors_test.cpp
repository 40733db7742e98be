#include "brokers/nats/errors.hpp"

#include <gtest/gtest.h>

namespace signalbox::nats {
namespace {

TEST(NatsErrors, TellsWhatOnlyAnOperatorCanMend) {
  EXPECT_EQ(fault_of("Authorization Violation").kind, FaultKind::auth);
  EXPECT_EQ(fault_of("User Authentication Expired").kind, FaultKind::auth);
  EXPECT_EQ(fault_of("Secure Connection - TLS Required").kind, FaultKind::config);
  EXPECT_EQ(fault_of("SSL handshake error: certificate verify failed").kind, FaultKind::config);
}

TEST(NatsErrors, TellsALimitFromALostLink) {
  EXPECT_EQ(fault_of("maximum connections exceeded").kind, FaultKind::limit);
  EXPECT_EQ(fault_of("maximum subscriptions exceeded").kind, FaultKind::limit);
  EXPECT_EQ(fault_of("Stale Connection").kind, FaultKind::lost);
  EXPECT_EQ(fault_of("something that nobody has seen").kind, FaultKind::lost);
  EXPECT_EQ(fault_of("").text, "the connection was lost");
}

TEST(NatsErrors, ReadsWhichSubjectIsRefusedAndForWhat) {
  const auto publish = read_violation("Permissions Violation for Publish to \"signalbox.u.a%20b\"");
  ASSERT_TRUE(publish);
  EXPECT_TRUE(publish->publish);
  EXPECT_TRUE(publish->whole);
  EXPECT_EQ(publish->subject, "signalbox.u.a%20b");
  const auto subscribe = read_violation("Permissions Violation for Subscription to \"signalbox.u.x\" (sid \"7\")");
  ASSERT_TRUE(subscribe);
  EXPECT_FALSE(subscribe->publish);
  EXPECT_EQ(subscribe->subject, "signalbox.u.x");
  EXPECT_EQ(meaning_of(subscribe->text).code, errc::rejected);
}

TEST(NatsErrors, KnowsASubjectThatWasCut) {
  const auto cut = read_violation("Permissions Violation for Publish to \"signalbox.u.aaa");
  ASSERT_TRUE(cut);
  EXPECT_FALSE(cut->whole);
  EXPECT_EQ(cut->subject, "signalbox.u.aaa");
  EXPECT_FALSE(read_violation("Authorization Violation"));
}

}  // namespace
}  // namespace signalbox::nats

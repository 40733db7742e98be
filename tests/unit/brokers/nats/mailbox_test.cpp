#include "brokers/nats/mailbox.hpp"

#include <cstddef>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace signalbox::nats {
namespace {

natsMsg* message(const std::string& subject, std::size_t header_bytes = 0) {
  natsMsg* made = nullptr;
  EXPECT_EQ(natsMsg_Create(&made, subject.c_str(), nullptr, "x", 1), NATS_OK);
  if (header_bytes > 0) {
    EXPECT_EQ(natsMsgHeader_Set(made, "Name", std::string(header_bytes, 'v').c_str()), NATS_OK);
  }
  return made;
}

class NatsMailbox : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(nats_Open(-1), NATS_OK); }
  ~NatsMailbox() override { mailbox_->release(); }

  boost::asio::io_context io_;
  Mailbox* mailbox_ = new Mailbox(io_, 1 << 20, [] {});
};

TEST_F(NatsMailbox, TellsOfEveryChannelThatItDropsFromHoweverOften) {
  mailbox_->message(message("first", (1 << 19) - 1000));
  for (std::size_t i = 0; i <= Dropped::kSubjects; ++i) mailbox_->message(message("alice", 1 << 18));
  mailbox_->message(message("bob", 1 << 18));
  const Mailbox::Mail mail = mailbox_->take();
  EXPECT_EQ(mail.messages.size(), 1U);
  EXPECT_EQ(mail.dropped.subjects(), (std::set<std::string>{"alice", "bob"}));
  EXPECT_FALSE(mail.dropped.any());
}

TEST_F(NatsMailbox, SaysThatItMayBeAnyChannelWhereTheyAreTooMany) {
  mailbox_->message(message("first", (1 << 19) - 1000));
  for (std::size_t i = 0; i <= Dropped::kSubjects; ++i) mailbox_->message(message("user" + std::to_string(i), 1 << 18));
  const Mailbox::Mail mail = mailbox_->take();
  EXPECT_EQ(mail.dropped.subjects().size(), Dropped::kSubjects);
  EXPECT_TRUE(mail.dropped.any());
}

TEST_F(NatsMailbox, TakesAnswersWhenThereIsNoRoomForMessages) {
  mailbox_->message(message("alice", (1 << 19) - 1000));
  mailbox_->message(message("alice", 1 << 18));
  mailbox_->answer(message("inbox.r.f1"));
  const Mailbox::Mail mail = mailbox_->take();
  ASSERT_EQ(mail.messages.size(), 2U);
  EXPECT_STREQ(natsMsg_GetSubject(mail.messages.back().get()), "inbox.r.f1");
  EXPECT_TRUE(mail.dropped.subjects().contains("alice"));
}

TEST_F(NatsMailbox, BoundsHeadersAsWell) {
  for (int i = 0; i < 100; ++i) mailbox_->message(message("alice", 100'000));
  EXPECT_EQ(mailbox_->take().messages.size(), 5U) << "each twice, as it came and as it was read";
  for (int i = 0; i < 100; ++i) mailbox_->answer(message("inbox.r.p1", 100'000));
  EXPECT_EQ(mailbox_->take().messages.size(), 5U);
}

TEST_F(NatsMailbox, HasRoomAgainOnceItWasRead) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) mailbox_->message(message("alice", 100'000));
    const Mailbox::Mail mail = mailbox_->take();
    EXPECT_EQ(mail.messages.size(), 4U);
    EXPECT_TRUE(mail.dropped.subjects().empty());
  }
}

}  // namespace
}  // namespace signalbox::nats

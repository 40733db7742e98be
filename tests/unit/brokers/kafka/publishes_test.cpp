#include "brokers/kafka/publishes.hpp"

#include <optional>

#include <gtest/gtest.h>

namespace signalbox::kafka {
namespace {

class PublishesTest : public testing::Test {
 protected:
  Publish& open(std::size_t records, Duration within = Duration(1000)) {
    EXPECT_TRUE(budget_.take(10));
    Publish& publish = publishes_.open(
        [this](const Status& status, Receivers receivers) {
          EXPECT_FALSE(code_) << "completed twice";
          code_ = status.code;
          receivers_ = receivers;
        },
        10, Time() + within);
    for (std::size_t i = 0; i < records; ++i) publishes_.record(publish);
    return publish;
  }

  brokers::Budget budget_{100};
  Publishes publishes_{budget_};
  std::optional<std::error_code> code_;
  Receivers receivers_;
};

TEST_F(PublishesTest, CompletesWhenTheLastRecordIsReported) {
  Publish& publish = open(2);
  publishes_.close(publish);
  publishes_.report(publish, Stored::yes, errc::internal, "");
  EXPECT_FALSE(code_);
  publishes_.report(publish, Stored::yes, errc::internal, "");
  EXPECT_EQ(code_, std::error_code());
  EXPECT_EQ(receivers_.count, 2u);
  EXPECT_EQ(receivers_.precision, Precision::estimate);
  EXPECT_EQ(budget_.used(), 0u);
}

TEST_F(PublishesTest, CountsNobodyWithoutARecord) {
  publishes_.close(open(0));
  EXPECT_EQ(code_, std::error_code());
  EXPECT_EQ(receivers_.count, 0u);
}

TEST_F(PublishesTest, IsSurelyNotSentOnlyIfNoRecordWas) {
  Publish& publish = open(1);
  publishes_.refuse(publish, errc::overloaded, "full");
  publishes_.close(publish);
  publishes_.report(publish, Stored::no, errc::unavailable, "");
  EXPECT_EQ(code_, errc::overloaded) << "the first reason";
}

TEST_F(PublishesTest, AdmitsThatItCanNotKnow) {
  Publish& publish = open(2);
  publishes_.close(publish);
  publishes_.report(publish, Stored::yes, errc::internal, "");
  publishes_.report(publish, Stored::no, errc::unavailable, "");
  EXPECT_EQ(code_, errc::unknown_outcome) << "some of them got it";
  code_.reset();
  Publish& other = open(1);
  publishes_.close(other);
  publishes_.report(other, Stored::unknown, errc::unavailable, "");
  EXPECT_EQ(code_, errc::unknown_outcome);
}

TEST_F(PublishesTest, AnswersAtTheDeadlineAndKeepsTheCostUntilTheReport) {
  Publish& publish = open(1);
  publishes_.close(publish);
  publishes_.expire(Time() + Duration(999));
  EXPECT_FALSE(code_);
  publishes_.expire(Time() + Duration(1000));
  EXPECT_EQ(code_, errc::unknown_outcome);
  EXPECT_EQ(budget_.used(), 10u) << "librdkafka still holds it";
  publishes_.report(publish, Stored::yes, errc::internal, "");
  EXPECT_EQ(budget_.used(), 0u);
}

TEST_F(PublishesTest, GivesTheCostBackWhereNoReportComes) {
  publishes_.close(open(1));
  publishes_.expire(Time() + Duration(1000));
  code_.reset();
  publishes_.close(open(1));
  publishes_.abandon_reports();
  EXPECT_EQ(code_, errc::unknown_outcome);
  EXPECT_EQ(budget_.used(), 0u);
}

}  // namespace
}  // namespace signalbox::kafka

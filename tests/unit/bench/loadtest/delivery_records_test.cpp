#include "bench/loadtest/delivery_records.hpp"

#include <gtest/gtest.h>

#include "bench/process.hpp"

namespace signalbox::bench {
namespace {

TEST(DeliveryRecords, HoldWhatWasTakenAgainstWhatWasDelivered) {
  DeliveryRecords records(8);
  records.answered(0, Outcome::taken);  // warm-up, and lost: not counted
  for (const std::uint64_t number : {1U, 2U, 3U}) records.answered(number, Outcome::taken);
  records.answered(4, Outcome::not_connected);
  records.answered(5, Outcome::refused);
  records.answered(6, Outcome::unknown);
  // Two devices each: both of 1, one of 2, none of 3.
  for (const std::uint64_t number : {1U, 1U, 2U, 4U, 6U}) records.delivered(number);
  const MessageCounts sums = count_messages(records, 1, 8, 2);
  EXPECT_EQ(sums.offered, 7U);
  EXPECT_EQ(sums.taken, 3U);
  EXPECT_EQ(sums.not_connected, 1U);
  EXPECT_EQ(sums.refused, 1U);
  EXPECT_EQ(sums.unknown, 1U);
  EXPECT_EQ(sums.unsent, 1U);
  EXPECT_EQ(sums.expected, 6U);
  EXPECT_EQ(sums.delivered, 3U);
  EXPECT_EQ(sums.lost(), 3U);
  EXPECT_DOUBLE_EQ(sums.loss(), 0.5);
  EXPECT_EQ(sums.delivered_of_unknown, 1U);
  EXPECT_EQ(sums.delivered_though_denied, 1U);
}

TEST(DeliveryRecords, AreSharedWithAForkedProcess) {
  DeliveryRecords records(1);
  Process child = Process::fork_off([&] {
    records.answered(0, Outcome::taken);
    records.delivered(0);
    return 0;
  });
  while (child.running()) {
  }
  EXPECT_EQ(records.outcome(0), Outcome::taken);
  EXPECT_EQ(records.deliveries(0), 1U);
}

}  // namespace
}  // namespace signalbox::bench

#include "bench/loadtest/books.hpp"

#include <gtest/gtest.h>

#include "bench/process.hpp"

namespace signalbox::bench {
namespace {

TEST(Books, BalanceWhatWasTakenAgainstWhatArrived) {
  Books books(8);
  books.answered(0, Outcome::delivered);  // warm-up, and lost: not counted
  for (const std::uint64_t number : {1U, 2U, 3U}) books.answered(number, Outcome::delivered);
  books.answered(4, Outcome::not_connected);
  books.answered(5, Outcome::refused);
  books.answered(6, Outcome::unknown);
  // Two devices each: both of 1, one of 2, none of 3.
  for (const std::uint64_t number : {1U, 1U, 2U, 4U, 6U}) books.arrived(number);
  const Balance sums = balance(books, 1, 8, 2);
  EXPECT_EQ(sums.planned, 7U);
  EXPECT_EQ(sums.delivered, 3U);
  EXPECT_EQ(sums.not_connected, 1U);
  EXPECT_EQ(sums.refused, 1U);
  EXPECT_EQ(sums.unknown, 1U);
  EXPECT_EQ(sums.unsent, 1U);
  EXPECT_EQ(sums.expected, 6U);
  EXPECT_EQ(sums.arrived, 3U);
  EXPECT_EQ(sums.lost(), 3U);
  EXPECT_DOUBLE_EQ(sums.loss(), 0.5);
  EXPECT_EQ(sums.arrived_unknown, 1U);
  EXPECT_EQ(sums.arrived_denied, 1U);
}

TEST(Books, AreSharedWithAForkedProcess) {
  Books books(1);
  Process child = Process::fork_off([&] {
    books.answered(0, Outcome::delivered);
    books.arrived(0);
    return 0;
  });
  while (child.running()) {
  }
  EXPECT_EQ(books.outcome(0), Outcome::delivered);
  EXPECT_EQ(books.arrivals(0), 1U);
}

}  // namespace
}  // namespace signalbox::bench

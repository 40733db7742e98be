#include "brokers/kafka/repeats.hpp"

#include <gtest/gtest.h>

namespace signalbox::kafka {
namespace {

TEST(KafkaRepeats, AreTheSameNumberOfTheSameWriterAndAllBeforeIt) {
  Repeats repeats;
  EXPECT_FALSE(repeats.seen({7, 1}));
  EXPECT_FALSE(repeats.seen({7, 5})) << "what it wrote into other inboxes lies between";
  EXPECT_TRUE(repeats.seen({7, 5}));
  EXPECT_TRUE(repeats.seen({7, 1})) << "a batch is written again from its beginning";
  EXPECT_FALSE(repeats.seen({8, 1})) << "another writer";
  EXPECT_FALSE(repeats.seen({7, 6}));
}

TEST(KafkaRepeats, RememberABoundedNumberOfWriters) {
  Repeats repeats;
  for (std::uint64_t writer = 0; writer < Repeats::kWriters; ++writer) EXPECT_FALSE(repeats.seen({writer, 1}));
  EXPECT_TRUE(repeats.seen({0, 1}));
  EXPECT_FALSE(repeats.seen({Repeats::kWriters, 1}));
  EXPECT_TRUE(repeats.seen({Repeats::kWriters, 1}));
  EXPECT_FALSE(repeats.seen({0, 1})) << "all were forgotten to make room";
}

}  // namespace
}  // namespace signalbox::kafka

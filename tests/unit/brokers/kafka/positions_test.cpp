#include "brokers/kafka/positions.hpp"

#include <gtest/gtest.h>

namespace signalbox::kafka {
namespace {

TEST(Positions, FitOnlyTheTopicsThatTheyAreOf) {
  ClientSettings settings;
  settings.client_id = "test";
  Client client(settings, -1);
  client.open_topics();
  Connected connected;
  connected.presence_partitions = 2;
  connected.inbox = 3;
  connected.created = true;
  Positions positions;
  EXPECT_TRUE(positions.fit(connected)) << "nothing was read";
  positions.begin(client, connected);
  EXPECT_FALSE(positions.fit(connected)) << "it was made again";
  connected.created = false;
  EXPECT_TRUE(positions.fit(connected));
  connected.presence_partitions = 4;
  EXPECT_FALSE(positions.fit(connected));
  positions.forget();
  EXPECT_TRUE(positions.fit(connected));
}

}  // namespace
}  // namespace signalbox::kafka

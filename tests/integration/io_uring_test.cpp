// Where many messages leave at once: with io_uring, and where the system forbids it.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

constexpr const char* kNotToBeHad = "server.io_uring: not to be had here";

/// One message to many clients, and then another.
void reaches_all(Instance& instance) {
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(instance.connect("alice"));
  for (const char* text : {"one", "two"}) {
    ASSERT_EQ(instance.publish("alice", text).status, 200);
    for (WebSocketClient& client : clients) ASSERT_EQ(client.next_payload(), text);
  }
}

TEST(IoUring, CarriesABatchWithoutAWordInTheLog) {
  Instance instance;
  reaches_all(instance);
  if (instance.process().errors().find(kNotToBeHad) != std::string::npos) GTEST_SKIP() << "this system forbids it";
}

TEST(IoUring, IsDoneWithoutWhereTheSystemForbidsItAndTheLogSaysSo) {
  Instance instance(Instance::Program{SIGNALBOX_WITHOUT_IO_URING}, {});
  EXPECT_TRUE(instance.process().wait_for_errors(std::string(kNotToBeHad) + " (Operation not permitted): done without"));
  reaches_all(instance);
}

TEST(IoUring, IsDoneWithoutWhereItIsNotWanted) {
  Instance instance(Instance::Program{SIGNALBOX_WITHOUT_IO_URING}, {{"server.io_uring", "false"}});
  EXPECT_EQ(instance.process().errors().find(kNotToBeHad), std::string::npos);
  reaches_all(instance);
}

}  // namespace
}  // namespace signalbox::test

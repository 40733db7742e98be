// Where many messages leave at once: with io_uring, and where the system forbids it.
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/// Asked by the test itself, so that a server which gives it up for another reason is found out.
bool system_allows_it() {
  io_uring_params params{};
  const long ring = syscall(SYS_io_uring_setup, 1, &params);
  if (ring >= 0) close(static_cast<int>(ring));
  return ring >= 0;
}

std::size_t rings_of(pid_t pid) {
  std::size_t rings = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    std::error_code closed_meanwhile;
    if (std::filesystem::read_symlink(entry.path(), closed_meanwhile) == "anon_inode:[io_uring]") ++rings;
  }
  return rings;
}

TEST(IoUring, CarriesABatchWithoutAWordInTheLog) {
  Instance instance(Settings{{"server.threads", "2"}});
  reaches_all(instance);
  if (!system_allows_it()) GTEST_SKIP() << "this system forbids it";
  EXPECT_EQ(instance.process().errors().find(kNotToBeHad), std::string::npos) << instance.process().errors();
  EXPECT_EQ(rings_of(instance.process().pid()), 2u) << "one a thread: a ring that fails is given up";
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

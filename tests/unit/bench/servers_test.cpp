#include "bench/servers.hpp"

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

TEST(SignalboxServer, IsRefusedWhereItsBrokerSaysNoOrNobodyIsThere) {
  for (const char* reason :
       {"broker failed; auth: WRONGPASS invalid username-password pair",
        "broker connecting; connect to 127.0.0.1:1: Connection refused",
        "broker connecting; subscriber connection: no server answers at nats://127.0.0.1:1",
        "broker connecting; asking about topic signalbox.presence: Failed while waiting for controller: Local: Timed out"}) {
    EXPECT_TRUE(is_refused(reason)) << reason;
  }
  for (const char* reason : {"", "broker connecting", "broker connecting; reading signalbox.presence", "draining"}) {
    EXPECT_FALSE(is_refused(reason)) << reason;
  }
}

}  // namespace
}  // namespace signalbox::bench

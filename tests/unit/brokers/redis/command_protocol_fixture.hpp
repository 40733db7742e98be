// A CommandProtocol, the server that it talks to, and what became of the calls.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/redis/command_protocol.hpp"
#include "tests/unit/brokers/redis/wire.hpp"

namespace signalbox::redis {

class CommandProtocolTest : public ::testing::Test {
 protected:
  void publish(const std::string& channel, const std::string& payload) {
    ASSERT_TRUE(budget.take(10));
    protocol.publish(
        channel, payload, 10,
        [this](Status status, Receivers receivers) {
          results.push_back(status.ok() ? std::to_string(receivers.count)
                                        : status.code.message() + ": " + std::string(status.detail));
        },
        talk.deadline());
  }
  void exists(const std::string& channel) {
    ASSERT_TRUE(budget.take(1));
    protocol.exists(
        channel, 1,
        [this, channel](Status status, bool yes) {
          results.push_back(channel + (status.ok() ? (yes ? " yes" : " no") : " " + status.code.message()));
        },
        talk.deadline());
  }

  using Results = std::vector<std::string>;
  Results results;
  brokers::Budget budget{1000};
  CommandProtocol protocol{Handshake({}, "n"), Duration(2000), budget};
  Conversation talk{protocol};
};

}  // namespace signalbox::redis

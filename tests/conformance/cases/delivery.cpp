// Who gets a message, how often, in which order.
#include <future>

#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {

using Payloads = std::vector<std::string>;

void delivers_once_byte_for_byte(Trial& trial) {
  const auto holder = trial.peer();
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  trial.settle();
  using namespace std::string_literals;
  const std::string payload = "\x00\xff\r\n{\"a\":1}\xf8SBX"s;
  trial.expect_receivers(publisher->publish(alice, payload), 1);
  // What follows shows that nothing came twice.
  trial.expect_receivers(publisher->publish(alice, "after"), 1);
  ASSERT_TRUE(holder->wait_payloads(alice, 2));
  EXPECT_EQ(holder->payloads(alice), (Payloads{payload, "after"}));
  EXPECT_TRUE(publisher->host().snapshot().delivered.empty());
}

void counts_nobody_as_nobody(Trial& trial) {
  const auto publisher = trial.peer();
  const std::string nobody = trial.channel("nobody");
  trial.expect_receivers(publisher->publish(nobody, "lost"), 0);
  // Not now, and not later.
  ASSERT_TRUE(publisher->subscribe(nobody).ok());
  trial.settle();
  trial.expect_receivers(publisher->publish(nobody, "now"), 1);
  ASSERT_TRUE(publisher->wait_payloads(nobody, 1));
  EXPECT_EQ(publisher->payloads(nobody), Payloads{"now"});
}

void delivers_to_every_holder(Trial& trial) {
  const auto first = trial.peer();
  const auto second = trial.peer();
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(first->subscribe(alice).ok());
  ASSERT_TRUE(second->subscribe(alice).ok());
  trial.settle();
  trial.expect_receivers(publisher->publish(alice, "both"), 2);
  ASSERT_TRUE(first->wait_payloads(alice, 1));
  ASSERT_TRUE(first->unsubscribe(alice).ok());
  trial.settle();
  trial.expect_receivers(publisher->publish(alice, "one"), 1);
  ASSERT_TRUE(second->wait_payloads(alice, 2));
  EXPECT_EQ(first->payloads(alice), Payloads{"both"});
  EXPECT_EQ(second->payloads(alice), (Payloads{"both", "one"}));
}

void counts_a_repeated_subscribe_once(Trial& trial) {
  const auto holder = trial.peer();
  const std::string alice = trial.channel("alice");
  Pending first = test::subscribe(**holder, alice);
  Pending second = test::subscribe(**holder, alice);
  EXPECT_TRUE(test::wait(std::move(first)).ok());
  EXPECT_TRUE(test::wait(std::move(second)).ok());
  EXPECT_TRUE(holder->subscribe(alice).ok());
  trial.settle();
  trial.expect_receivers(holder->publish(alice, "one"), 1);
  trial.expect_receivers(holder->publish(alice, "two"), 1);
  ASSERT_TRUE(holder->wait_payloads(alice, 2));
  EXPECT_EQ(holder->payloads(alice), (Payloads{"one", "two"}));

  // One unsubscribe undoes them all.
  EXPECT_TRUE(holder->unsubscribe(alice).ok());
  trial.settle();
  trial.expect_receivers(holder->publish(alice, "three"), 0);
  ASSERT_TRUE(holder->subscribe(alice).ok());
  trial.settle();
  trial.expect_receivers(holder->publish(alice, "four"), 1);
  ASSERT_TRUE(holder->wait_payloads(alice, 3));
  EXPECT_EQ(holder->payloads(alice), (Payloads{"one", "two", "four"}));
}

void is_silent_after_an_unsubscribe(Trial& trial) {
  const auto holder = trial.peer();
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  const std::string bob = trial.channel("bob");
  subscribe_all(*holder, {alice, bob});
  trial.settle();
  std::size_t at_completion = 0;
  {
    // In flight while the unsubscribe is: none may surface behind its completion.
    Window window([](const Outcome& outcome) { EXPECT_TRUE(outcome.ok()) << outcome.detail; });
    for (int i = 0; i < 1000; ++i) window.add(test::publish(**publisher, alice, std::to_string(i)));
    std::promise<std::size_t> delivered;
    (**holder).unsubscribe(alice, [&](const Status& status) {
      EXPECT_FALSE(status.code);
      delivered.set_value(holder->payloads(alice).size());
    });
    for (int i = 0; i < 1000; ++i) window.add(test::publish(**publisher, alice, "late " + std::to_string(i)));
    std::future<std::size_t> completed = delivered.get_future();
    ASSERT_EQ(completed.wait_for(scaled(15s)), std::future_status::ready);
    at_completion = completed.get();
  }
  trial.settle();
  trial.expect_receivers(publisher->publish(alice, "never"), 0);
  trial.expect_receivers(publisher->publish(bob, "marker"), 1);
  ASSERT_TRUE(holder->wait_payloads(bob, 1));
  EXPECT_EQ(holder->payloads(alice).size(), at_completion);
}

void brings_its_own_publishes_back_once(Trial& trial) {
  const auto peer = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(peer->subscribe(alice).ok());
  trial.settle();
  trial.expect_receivers(peer->publish(alice, "to myself"), 1);
  trial.expect_receivers(peer->publish(alice, "again"), 1);
  ASSERT_TRUE(peer->wait_payloads(alice, 2));
  EXPECT_EQ(peer->payloads(alice), (Payloads{"to myself", "again"}));
}

void keeps_the_order_of_one_channel(Trial& trial) {
  constexpr std::size_t kMessages = 10'000;
  const auto holder = trial.peer();
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  trial.settle();
  Payloads sent;
  {
    Window window([](const Outcome& outcome) { EXPECT_TRUE(outcome.ok()) << outcome.detail; });
    for (std::size_t i = 0; i < kMessages; ++i) {
      sent.push_back(std::to_string(i));
      window.add(test::publish(**publisher, alice, sent.back()));
    }
  }
  ASSERT_TRUE(holder->wait_payloads(alice, kMessages));
  EXPECT_EQ(holder->payloads(alice), sent);
}

void keeps_the_order_within_each_of_many_channels(Trial& trial) {
  constexpr std::size_t kChannels = 100;
  constexpr std::size_t kEach = 100;
  const auto holder = trial.peer();
  const auto publisher = trial.peer();
  const std::vector<std::string> channels = numbered(trial, "user", kChannels);
  subscribe_all(*holder, channels);
  trial.settle();
  Payloads sent;
  {
    Window window([](const Outcome& outcome) { EXPECT_TRUE(outcome.ok()) << outcome.detail; });
    for (std::size_t i = 0; i < kEach; ++i) {
      sent.push_back(std::to_string(i));
      for (const std::string& channel : channels) window.add(test::publish(**publisher, channel, sent.back()));
    }
  }
  ASSERT_TRUE(holder->host().wait_delivered(kChannels * kEach));
  for (const std::string& channel : channels) EXPECT_EQ(holder->payloads(channel), sent) << channel;
}

}  // namespace signalbox::conformance

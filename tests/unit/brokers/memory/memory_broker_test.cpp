#include "brokers/memory/memory_broker.hpp"

#include <atomic>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/broker_calls.hpp"
#include "tests/support/recording_host.hpp"

namespace signalbox::test {
namespace {

Settings in_space(std::string name, const std::string& publish_queue_bytes = "67108864") {
  std::vector<std::pair<std::string, std::string>> values{{"space", std::move(name)},
                                                          {"publish_queue_bytes", publish_queue_bytes}};
  return Settings(std::move(values));
}

/// A started broker in a space that no other test shares.
struct Instance {
  explicit Instance(const std::string& space = ::testing::UnitTest::GetInstance()->current_test_info()->name())
      : broker(in_space(space)) {
    host.mutable_info().call_timeout = kPatience;
    broker.start(host);
  }
  ~Instance() { broker.stop(std::chrono::seconds(5)); }

  RecordingHost host;
  MemoryBroker broker;
};

/// One whose thread is held up in a delivery until it is let go: its calls take effect, and are not told.
struct HeldUp {
  explicit HeldUp(milliseconds call_timeout, const std::string& publish_queue_bytes = "67108864")
      : broker(in_space(::testing::UnitTest::GetInstance()->current_test_info()->name(), publish_queue_bytes)) {
    host.mutable_info().call_timeout = call_timeout;
    host.on_deliver([this](auto) {
      std::call_once(entered_once, [this] { entered.set_value(); });
      opened.wait();
    });
    broker.start(host);
    EXPECT_TRUE(wait(subscribe(broker, "held up")).ok());
    EXPECT_TRUE(wait(publish(other.broker, "held up", "x")).ok());
    entered.get_future().wait();
  }
  ~HeldUp() { broker.stop(std::chrono::seconds(5)); }

  void let_go() { gate.set_value(); }

  std::promise<void> gate;
  std::shared_future<void> opened = gate.get_future().share();
  std::once_flag entered_once;
  std::promise<void> entered;
  Instance other;  // in the same space
  RecordingHost host;
  MemoryBroker broker;
};

TEST(MemoryBroker, IsReadyOnceStartedAndClosedOnceStopped) {
  RecordingHost host;
  MemoryBroker broker(in_space("states"));
  broker.start(host);
  EXPECT_TRUE(host.wait_state(State::ready));
  broker.stop(std::chrono::seconds(1));
  EXPECT_EQ(host.snapshot().states.back(), State::closed);
}

TEST(MemoryBroker, DeliversToEachSubscribedInstanceOnceAndCountsThem) {
  Instance a;
  Instance b;
  Instance c;
  EXPECT_TRUE(wait(subscribe(a.broker, "alice")).ok());
  EXPECT_TRUE(wait(subscribe(b.broker, "alice")).ok());
  EXPECT_TRUE(wait(subscribe(b.broker, "alice")).ok());  // a set operation
  const Outcome outcome = wait(publish(a.broker, "alice", std::string("\0\xff", 2)));
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(outcome.receivers.count, 2U);
  EXPECT_EQ(outcome.receivers.precision, Precision::exact);
  ASSERT_TRUE(a.host.wait_delivered(1) && b.host.wait_delivered(1));
  const std::vector<RecordingHost::Delivered> expected{{"alice", std::string("\0\xff", 2)}};
  EXPECT_EQ(a.host.snapshot().delivered, expected);
  EXPECT_EQ(b.host.snapshot().delivered, expected);
  EXPECT_TRUE(c.host.snapshot().delivered.empty());
}

TEST(MemoryBroker, KeepsSpacesApart) {
  Instance here("here");
  Instance there("there");
  EXPECT_TRUE(wait(subscribe(there.broker, "alice")).ok());
  EXPECT_EQ(wait(publish(here.broker, "alice", "hi")).receivers.count, 0U);
  EXPECT_FALSE(wait(exists(here.broker, "alice")).exists);
  EXPECT_TRUE(wait(exists(there.broker, "alice")).exists);
}

TEST(MemoryBroker, DeliversNothingAfterUnsubscribeIsDone) {
  Instance a;
  Instance b;
  EXPECT_TRUE(wait(subscribe(a.broker, "alice")).ok());
  for (int i = 0; i < 1000; ++i) publish(b.broker, "alice", "x");
  EXPECT_TRUE(wait(unsubscribe(a.broker, "alice")).ok());
  const std::size_t delivered = a.host.snapshot().delivered.size();
  EXPECT_EQ(delivered, 1000U);
  EXPECT_EQ(wait(publish(b.broker, "alice", "late")).receivers.count, 0U);
  EXPECT_FALSE(wait(exists(b.broker, "alice")).exists);
  EXPECT_TRUE(wait(unsubscribe(a.broker, "never wanted")).ok());
  EXPECT_EQ(a.host.snapshot().delivered.size(), delivered);
}

TEST(MemoryBroker, KeepsTheOrderOfOnePublisher) {
  Instance a;
  EXPECT_TRUE(wait(subscribe(a.broker, "alice")).ok());
  for (int i = 0; i < 10'000; ++i) publish(a.broker, "alice", std::to_string(i));
  ASSERT_TRUE(a.host.wait_delivered(10'000));
  const auto delivered = a.host.snapshot().delivered;
  ASSERT_EQ(delivered.size(), 10'000U);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(delivered[static_cast<std::size_t>(i)].second, std::to_string(i));
}

TEST(MemoryBroker, RefusesNamesAndPayloadsOutOfRange) {
  Instance a;
  EXPECT_EQ(wait(subscribe(a.broker, "")).code, errc::invalid_argument);
  EXPECT_EQ(wait(unsubscribe(a.broker, std::string(769, 'x'))).code, errc::invalid_argument);
  EXPECT_EQ(wait(publish(a.broker, "", "x")).code, errc::invalid_argument);
  EXPECT_EQ(wait(exists(a.broker, std::string(769, 'x'))).code, errc::invalid_argument);
  EXPECT_TRUE(wait(subscribe(a.broker, std::string(768, 'x'))).ok());
  EXPECT_TRUE(wait(publish(a.broker, "x", std::string(kMemoryPayloadBytes, 'x'))).ok());
  EXPECT_EQ(wait(publish(a.broker, "x", std::string(kMemoryPayloadBytes + 1, 'x'))).code, errc::too_large);
}

TEST(MemoryBroker, TellsOverloadedWhenAReceiverIsFullAndRecovers) {
  std::promise<void> gate;
  std::shared_future<void> opened = gate.get_future().share();
  RecordingHost slow_host;
  slow_host.on_deliver([opened](auto) { opened.wait(); });
  MemoryBroker slow(in_space("overload"));
  slow.start(slow_host);
  Instance publisher("overload");
  EXPECT_TRUE(wait(subscribe(slow, "alice")).ok());

  const std::string payload(1 << 20, 'x');
  std::size_t accepted = 0;
  while (accepted < 100 && wait(publish(publisher.broker, "alice", payload)).ok()) ++accepted;
  EXPECT_EQ(accepted, 63U);  // 64 MiB less the overhead
  EXPECT_EQ(wait(publish(publisher.broker, "alice", payload)).code, errc::overloaded);
  EXPECT_TRUE(wait(publish(publisher.broker, "bob", payload)).ok());

  gate.set_value();
  ASSERT_TRUE(slow_host.wait_delivered(accepted));
  // The second of these is taken off the queue after the whole batch of messages is done with.
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(wait(unsubscribe(slow, "nothing")).ok());
  EXPECT_TRUE(wait(publish(publisher.broker, "alice", payload)).ok());
  slow.stop(std::chrono::seconds(5));
  EXPECT_EQ(slow_host.snapshot().delivered.size(), accepted + 1);
}

TEST(MemoryBroker, TellsOverloadedBeyondThePublishQueueAndRecovers) {
  HeldUp slow(kPatience, "1024");  // four calls
  EXPECT_TRUE(wait(subscribe(slow.other.broker, "bob")).ok());
  std::vector<Pending> taken;
  for (int i = 0; i < 2; ++i) taken.push_back(publish(slow.broker, "bob", "x"));
  for (int i = 0; i < 2; ++i) taken.push_back(exists(slow.broker, "bob"));
  std::vector<Pending> refused;
  refused.push_back(publish(slow.broker, "bob", "refused"));
  refused.push_back(exists(slow.broker, "bob"));
  Pending wanted = subscribe(slow.broker, "carol");  // there is no overloaded for this
  EXPECT_TRUE(wait(exists(slow.other.broker, "carol")).exists) << "it has taken effect";

  slow.let_go();
  for (Pending& call : taken) EXPECT_TRUE(wait(std::move(call)).ok());
  for (Pending& call : refused) EXPECT_EQ(wait(std::move(call)).code, errc::overloaded);
  EXPECT_TRUE(wait(std::move(wanted)).ok());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(wait(publish(slow.broker, "bob", "x")).receivers.count, 1U) << "there is room again";
  ASSERT_TRUE(slow.other.host.wait_delivered(7));
  for (const auto& [channel, payload] : slow.other.host.snapshot().delivered) EXPECT_EQ(payload, "x") << "not sent";
}

TEST(MemoryBroker, TellsALateAnswerAsTheContractHasIt) {
  constexpr milliseconds kTimeout = 100ms;
  HeldUp slow(kTimeout);
  Pending wanted = subscribe(slow.broker, "carol");
  Pending given_up = unsubscribe(slow.broker, "held up");
  Pending published = publish(slow.broker, "carol", "late");
  Pending asked = exists(slow.broker, "carol");
  Pending unnamed = publish(slow.broker, "", "x");
  std::this_thread::sleep_for(kTimeout);
  slow.let_go();
  EXPECT_EQ(wait(std::move(published)).code, errc::unknown_outcome);
  EXPECT_EQ(wait(std::move(asked)).code, errc::unavailable);
  EXPECT_EQ(wait(std::move(unnamed)).code, errc::invalid_argument) << "surely not sent, however late";
  EXPECT_TRUE(wait(std::move(wanted)).ok()) << "it holds";
  EXPECT_TRUE(wait(std::move(given_up)).ok());
  EXPECT_TRUE(slow.host.wait_delivered(2)) << "what is unknown may have happened";
}

TEST(MemoryBroker, CompletesOpenCallsClosedWhenTheDeadlineOfStopHasPassed) {
  HeldUp slow(kPatience);
  Pending open = exists(slow.broker, "held up");
  std::thread stopper([&] { slow.broker.stop(std::chrono::milliseconds(0)); });
  while (wait(exists(slow.other.broker, "held up")).exists) std::this_thread::yield();  // until stop() has begun
  slow.let_go();
  stopper.join();
  EXPECT_EQ(wait(std::move(open)).code, errc::closed);
  EXPECT_EQ(slow.host.snapshot().states.back(), State::closed);
}

TEST(MemoryBroker, CallsBackOutsideTheCallingStackAndAllowsCallsFromCallbacks) {
  Instance a;
  std::promise<std::thread::id> caller;
  const std::thread::id here = std::this_thread::get_id();
  a.broker.subscribe("alice", [&](Status) {
    a.broker.publish("alice", "from a callback", [&](Status, Receivers) { caller.set_value(std::this_thread::get_id()); });
  });
  auto future = caller.get_future();
  ASSERT_EQ(future.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_NE(future.get(), here);
  EXPECT_TRUE(a.host.wait_delivered(1));
}

TEST(MemoryBroker, CompletesEachCallOfManyThreadsOnce) {
  Instance a;
  Instance b;
  std::atomic<int> completed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Broker& broker = t % 2 == 0 ? a.broker : b.broker;
      for (int i = 0; i < 1000; ++i) {
        const std::string channel = "user" + std::to_string(i % 7);
        broker.subscribe(channel, [&](Status) { ++completed; });
        broker.publish(channel, "x", [&](Status, Receivers) { ++completed; });
        broker.unsubscribe(channel, [&](Status) { ++completed; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(wait(exists(a.broker, "x")).ok() && wait(exists(b.broker, "x")).ok());
  EXPECT_EQ(completed, 12'000);
}

}  // namespace
}  // namespace signalbox::test

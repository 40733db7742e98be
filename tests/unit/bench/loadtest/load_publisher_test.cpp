// Straight to the broker: what a real Redis says is booked as the API would have answered.
#include "bench/loadtest/load_publisher.hpp"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "bench/loadtest/message.hpp"
#include "bench/redis_subscriber.hpp"
#include "bench/servers.hpp"
#include "core/delivery/envelope.hpp"

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;

constexpr Leg kLeg{.first = 0, .warmup = 10, .messages = 90, .per_second = 1'000};

class StraightToTheBroker : public testing::Test {
 protected:
  PublisherOptions options(const std::string& plugin) const {
    const std::string path = std::string(SIGNALBOX_PLUGINS) + "/libsignalbox_" + plugin + ".so";
    PublisherOptions options;
    options.user_prefix = "bench-";
    options.message_bytes = 100;
    options.via_broker = true;
    options.settings = {"broker.plugin=" + path, "broker.redis.url=" + redis_.url(), "broker.channel_prefix=mine."};
    return options;
  }
  static void await_ready(LoadPublisher& publisher) {
    while (!publisher.ready()) std::this_thread::sleep_for(1ms);
  }
  static void await_done(LoadPublisher& publisher) {
    while (!publisher.done()) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(publisher.fault(), "");
  }

  const ScratchDirectory scratch_;
  RedisServer redis_{scratch_, ""};
  const Plan plan_{2, kLeg.end(), 1};
  DeliveryRecords records_{kLeg.end()};
};

TEST_F(StraightToTheBroker, ReachesWhoIsThereAndSaysOfOthersThatTheyAreNot) {
  RedisSubscriber holder(redis_.url(), {"mine.bench-0"});
  LoadPublisher publisher(options("redis"), plan_, records_, kLeg);
  await_ready(publisher);
  const auto start = Timeline::Clock::now() + 100ms;
  publisher.begin(start);
  await_done(publisher);
  EXPECT_EQ(publisher.sent(), 100U);
  EXPECT_EQ(publisher.answers(200), plan_.messages_to(0));
  EXPECT_EQ(publisher.answers(404), plan_.messages_to(1));
  EXPECT_EQ(publisher.lag().count(), kLeg.messages) << "the warm-up is not measured";
  EXPECT_EQ(publisher.timeline().second(0).count, kLeg.messages);
  for (std::uint64_t number = 0; number < kLeg.end(); ++number) {
    EXPECT_EQ(records_.outcome(number), plan_.user(number) == 0 ? Outcome::taken : Outcome::not_connected);
  }
  std::uint32_t next = 0;
  while (next < plan_.messages_to(0)) {
    holder.read([&](std::string_view, std::string_view payload) {
      const auto message = LoadMessage::read(payload.substr(kEnvelopeBytes));
      ASSERT_TRUE(message);
      EXPECT_EQ(payload.size(), kEnvelopeBytes + 100);
      EXPECT_EQ(message->sequence, next++);
      EXPECT_EQ(message->intended, Schedule(start, kLeg.per_second).intended(message->number)) << "not when it was sent";
    });
  }
}

TEST_F(StraightToTheBroker, SaysOfEachMessageThatItWasRefusedWhereTheBrokerIsGone) {
  LoadPublisher publisher(options("redis"), plan_, records_, kLeg);
  await_ready(publisher);
  redis_.kill();
  publisher.begin(Timeline::Clock::now() + 1s);
  await_done(publisher);
  EXPECT_EQ(publisher.answers(503) + publisher.answers(504), 100U);
  EXPECT_EQ(records_.outcome(99), Outcome::refused);
}

TEST_F(StraightToTheBroker, RefusesMemoryAndWhatIsTooLarge) {
  const auto refusal = [&](const PublisherOptions& options) -> std::string {
    LoadPublisher publisher(options, plan_, records_, kLeg);
    try {
      await_ready(publisher);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "taken";
  };
  EXPECT_EQ(refusal(options("memory")),
            "--via: memory lives inside its instance, where no generator can reach it: leave it out, or --via api");
  PublisherOptions large = options("redis");
  large.message_bytes = 65'537;
  EXPECT_EQ(refusal(large), "--size: more than limits.message_bytes: --set limits.message_bytes=65537B");
}

}  // namespace
}  // namespace signalbox::bench

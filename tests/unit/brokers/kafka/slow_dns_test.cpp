// A stop while librdkafka looks up a name that nobody answers for.
#include <atomic>
#include <chrono>
#include <string_view>
#include <thread>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include "tests/support/deadline.hpp"
#include "tests/unit/brokers/kafka/kafka_instance.hpp"

namespace {

constexpr std::string_view kSlowName = "slow.invalid";
std::atomic<bool> asked = false;
std::atomic<bool> answered = false;
std::atomic<bool> let_go = false;

}  // namespace

/// librdkafka's too, as the executable's comes before libc's.
extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                                                                  addrinfo** found) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto libc = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (!name || kSlowName != name) return libc(name, service, hints, found);
  asked = true;
  for (int i = 0; i < 3000 && !let_go; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  answered = true;
  return EAI_AGAIN;
}

namespace signalbox::test {
namespace {

TEST(KafkaSlowDns, KeepsNoStopWaiting) {
  {
    KafkaInstance instance(std::string(kSlowName) + ":9092");
    ASSERT_TRUE(wait_until([] { return asked.load(); }));
    instance.broker->stop(std::chrono::milliseconds(100));
    EXPECT_FALSE(answered) << "it takes half a minute";
  }
  let_go = true;
  EXPECT_TRUE(wait_until([] { return answered.load(); }));
}

}  // namespace
}  // namespace signalbox::test

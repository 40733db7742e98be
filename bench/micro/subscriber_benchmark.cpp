// What Redis pushes, from the bytes of a read to the batch for the host; beside hiredis's reader alone.
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "brokers/redis/subscriber_protocol.hpp"

namespace signalbox::redis {
namespace {

class Counting final : public SubscriberEvents {
 public:
  void on_messages(std::span<const Message> messages) override {
    count += messages.size();
    benchmark::DoNotOptimize(messages.data());
  }
  void on_refused(std::string_view, std::string_view) override {}
  void on_missed(std::span<const std::string_view>) override {}

  std::size_t count = 0;
};

/// As many as one feed of the reader takes.
std::string pushed(std::size_t payload_bytes, std::size_t& messages) {
  std::string one;
  append_count(one, 3);
  append_argument(one, "message");
  append_argument(one, "user-12345");
  append_argument(one, std::string(payload_bytes, 'm'));
  messages = ReplyReader::kFeedBytes / one.size();
  std::string all;
  for (std::size_t i = 0; i < messages; ++i) all += one;
  return all;
}

/// Through a handshake with a server that agrees to everything, and the subscription to the probe and the user.
void establish(SubscriberProtocol& protocol, Time now) {
  std::string out;
  protocol.connected(now, out);
  // CLIENT SETNAME, ROLE, INFO: the handshake of a login without password.
  std::string answers = "+OK\r\n*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
  append_argument(answers, "cluster_enabled:0\r\n");
  if (protocol.feed(answers, now) || !protocol.established()) std::abort();
  protocol.subscribe("user-12345", [](const Status&) {}, now + Duration(2000));
  out.clear();
  if (protocol.turn(now, out)) std::abort();
  std::string confirmed = "*3\r\n$9\r\nsubscribe\r\n$5\r\nprobe\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$10\r\nuser-12345\r\n:2\r\n";
  if (protocol.feed(confirmed, now)) std::abort();
}

void pushed_messages(benchmark::State& state) {
  std::size_t messages = 0;
  const std::string bytes = pushed(static_cast<std::size_t>(state.range(0)), messages);
  Counting host;
  SubscriberProtocol protocol(Handshake({}, "benchmark"), Duration(2000), "probe", 100'000, host);
  const Time now = Clock::now();
  establish(protocol, now);
  for (auto _ : state) {
    if (protocol.feed(bytes, now)) state.SkipWithError("the protocol refuses what Redis pushed");
  }
  if (host.count != static_cast<std::size_t>(state.iterations()) * messages) state.SkipWithError("messages are missing");
  state.SetItemsProcessed(static_cast<std::int64_t>(host.count));
}
BENCHMARK(pushed_messages)->Arg(16)->Arg(128)->Arg(1024);

void pushed_messages_bare_hiredis(benchmark::State& state) {
  std::size_t messages = 0;
  const std::string bytes = pushed(static_cast<std::size_t>(state.range(0)), messages);
  ReplyReader reader;
  std::int64_t count = 0;
  for (auto _ : state) {
    if (!reader.feed(bytes)) std::abort();
    for (Reply reply; reader.next(reply) == ReplyReader::Next::reply; ++count) benchmark::DoNotOptimize(reply.get());
  }
  state.SetItemsProcessed(count);
}
BENCHMARK(pushed_messages_bare_hiredis)->Arg(16)->Arg(128)->Arg(1024);

}  // namespace
}  // namespace signalbox::redis

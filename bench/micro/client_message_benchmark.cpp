// What clients say, and a payload on its way into an envelope-mode message, beside a copy of it.
#include <string>

#include <benchmark/benchmark.h>

#include "server/clients/client_message.hpp"

namespace signalbox {
namespace {

void read_plain(benchmark::State& state, const std::string& text) {
  for (auto _ : state) benchmark::DoNotOptimize(read_plain_message(text));
}
BENCHMARK_CAPTURE(read_plain, ping, std::string("ping"));
BENCHMARK_CAPTURE(read_plain, register_user, std::string(R"({"user_name": "Alice"})"));

void read_envelope(benchmark::State& state, const std::string& text) {
  for (auto _ : state) benchmark::DoNotOptimize(read_envelope_message(text));
}
BENCHMARK_CAPTURE(read_envelope, ping, std::string(R"({"type":"ping"})"));
BENCHMARK_CAPTURE(read_envelope, register_user, std::string(R"({"type":"register","user_name":"Alice"})"));

const std::string kObject =
    R"({"id":4711,"from":"bob","text":"the train to Munich leaves from platform 12","tags":["travel","today"],"seen":false,"at":1.7e9})";
const std::string kText(128, 'm');

void message(benchmark::State& state, const std::string& payload, bool is_text) {
  for (auto _ : state) benchmark::DoNotOptimize(message_text(payload, is_text));
}
BENCHMARK_CAPTURE(message, object, kObject, true);
BENCHMARK_CAPTURE(message, text, kText, true);
BENCHMARK_CAPTURE(message, binary, kText, false);

void message_bare_copy(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(R"({"type":"message","data":)" + kObject + "}");
}
BENCHMARK(message_bare_copy);

}  // namespace
}  // namespace signalbox

// What Signalbox's own 32 bytes cost a message, beside the copy of the payload that publishing needs anyway.
#include <string>

#include <benchmark/benchmark.h>

#include "core/delivery/envelope.hpp"

namespace signalbox {
namespace {

void encode(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'm');
  std::uint64_t sequence = 0;
  for (auto _ : state) benchmark::DoNotOptimize(encode_envelope(Kind::text, 7, ++sequence, 1'700'000'000'000'000, payload));
}
BENCHMARK(encode)->Arg(128)->Arg(4096);

void encode_bare_copy(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'm');
  for (auto _ : state) benchmark::DoNotOptimize(std::string(payload));
}
BENCHMARK(encode_bare_copy)->Arg(128)->Arg(4096);

void decode(benchmark::State& state) {
  const std::string bytes = encode_envelope(Kind::text, 7, 1, 1'700'000'000'000'000, std::string(128, 'm'));
  for (auto _ : state) benchmark::DoNotOptimize(decode_envelope(bytes));
}
BENCHMARK(decode);

void decode_foreign(benchmark::State& state) {
  const std::string bytes(128, 'm');
  for (auto _ : state) benchmark::DoNotOptimize(decode_envelope(bytes));
}
BENCHMARK(decode_foreign);

}  // namespace
}  // namespace signalbox

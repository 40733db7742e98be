// A message's frame, made by the broker's thread and given up by a shard's; beside the allocation and copy alone.
#include <cstring>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "server/clients/frame.hpp"

namespace signalbox {
namespace {

void make(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'm');
  for (auto _ : state) benchmark::DoNotOptimize(Frame::message("user-12345", payload, true));
}
BENCHMARK(make)->Arg(16)->Arg(128)->Arg(4096);

void make_bare_copy(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'm');
  for (auto _ : state) {
    const auto copy = std::make_unique_for_overwrite<char[]>(payload.size());
    std::memcpy(copy.get(), payload.data(), payload.size());
    benchmark::DoNotOptimize(copy.get());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(make_bare_copy)->Arg(16)->Arg(128)->Arg(4096);

}  // namespace
}  // namespace signalbox

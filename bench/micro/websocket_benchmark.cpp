// What the codec costs a message, without any socket.
#include <cstring>
#include <string>

#include <benchmark/benchmark.h>

#include "websocket/decoder.hpp"
#include "websocket/frame.hpp"
#include "websocket/utf8.hpp"

namespace {

using namespace signalbox::websocket;

constexpr DecoderLimits kLimits;
constexpr std::uint32_t kMask = 0x9D3A51C7;

std::string masked(Opcode opcode, std::size_t payload_bytes) {
  std::string wire;
  append_masked_frame(wire, opcode, std::string(payload_bytes, 'm'), kMask);
  return wire;
}

// Unmasking is in place, so each turn starts from a fresh copy; `copy` beside it says what that costs.
void decode(benchmark::State& state, Opcode opcode) {
  const std::string wire = masked(opcode, static_cast<std::size_t>(state.range(0)));
  std::string buffer = wire;
  Decoder decoder(Role::server);
  for (auto _ : state) {
    std::memcpy(buffer.data(), wire.data(), wire.size());
    std::span<char> input(buffer);
    benchmark::DoNotOptimize(decoder.next(input, kLimits));
    benchmark::DoNotOptimize(decoder.next(input, kLimits));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(decode, masked_text, Opcode::text)->Arg(16)->Arg(128)->Arg(4096);
BENCHMARK_CAPTURE(decode, masked_binary, Opcode::binary)->Arg(128)->Arg(4096);

void copy(benchmark::State& state) {
  const std::string wire = masked(Opcode::binary, static_cast<std::size_t>(state.range(0)));
  std::string buffer = wire;
  for (auto _ : state) {
    std::memcpy(buffer.data(), wire.data(), wire.size());
    benchmark::DoNotOptimize(buffer.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(copy)->Arg(128)->Arg(4096);

void decode_cut_in_two(benchmark::State& state) {
  const std::string wire = masked(Opcode::text, 128);
  std::string buffer = wire;
  Decoder decoder(Role::server);
  for (auto _ : state) {
    std::memcpy(buffer.data(), wire.data(), wire.size());
    std::span<char> first(buffer.data(), 70);
    benchmark::DoNotOptimize(decoder.next(first, kLimits));
    std::span<char> second(buffer.data() + 70, buffer.size() - 70);
    benchmark::DoNotOptimize(decoder.next(second, kLimits));
    benchmark::DoNotOptimize(decoder.next(second, kLimits));
  }
}
BENCHMARK(decode_cut_in_two);

void encode(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'm');
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_frame(out, Opcode::text, payload);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(encode)->Arg(16)->Arg(128)->Arg(4096);

void encode_masked(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'm');
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_masked_frame(out, Opcode::text, payload, kMask);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(encode_masked)->Arg(128)->Arg(4096);

void validate(benchmark::State& state, const char* piece) {
  std::string text;
  while (text.size() < 4096) text += piece;
  for (auto _ : state) benchmark::DoNotOptimize(is_valid_utf8(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(validate, ascii, "plain words ");
BENCHMARK_CAPTURE(validate, german, "Z\xC3\xBCge nach M\xC3\xBCnchen und K\xC3\xB6ln ");
BENCHMARK_CAPTURE(validate, japanese, "\xE9\x9B\xBB\xE8\xBB\x8A");

}  // namespace

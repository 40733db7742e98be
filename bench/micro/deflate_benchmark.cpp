// What permessage-deflate costs a message, beside what it costs without (`deflate_none`) and with zlib as it comes
// (`deflate_zlib_defaults`: level 6, the largest window and tables). `left` is how much of the message is left, in per cent.
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <zlib.h>

#include "server/clients/frame.hpp"
#include "server/clients/message_deflate.hpp"

namespace {

using namespace signalbox;
using websocket::Event;

/// JSON as an API gives it: the same members over and over, with values that differ.
std::string document(std::size_t size, std::mt19937& random) {
  std::string text = R"({"type":"order","items":[)";
  while (text.size() < size) {
    char item[160];
    std::snprintf(item, sizeof item, R"({"id":%u,"state":"%s","total":%u.%02u,"at":"2026-11-%02uT%02u:%02u:%02uZ"},)",
                  static_cast<unsigned>(random() % 1'000'000), random() % 2 == 0 ? "paid" : "shipped",
                  static_cast<unsigned>(random() % 1000), static_cast<unsigned>(random() % 100),
                  static_cast<unsigned>(random() % 28 + 1), static_cast<unsigned>(random() % 24),
                  static_cast<unsigned>(random() % 60), static_cast<unsigned>(random() % 60));
    text += item;
  }
  return text.substr(0, size);
}

/// Enough of them that no branch of zlib's is learnt by heart: one message over and over takes less than half of the time.
class Documents {
 public:
  explicit Documents(const benchmark::State& state) {
    std::mt19937 random(1);
    while (all_.size() < 64) all_.push_back(document(static_cast<std::size_t>(state.range(0)), random));
  }
  const std::string& next() { return all_[at_++ % all_.size()]; }

 private:
  std::vector<std::string> all_;
  std::size_t at_ = 0;
};

void tell_left(benchmark::State& state, std::size_t left) {
  state.counters["left"] = 100.0 * static_cast<double>(left) / static_cast<double>(state.range(0));
}

void deflate_none(benchmark::State& state) {
  Documents documents(state);
  for (auto _ : state) benchmark::DoNotOptimize(Frame::message("alice", documents.next(), true));
}

void deflate_message(benchmark::State& state) {
  Documents documents(state);
  MessageDeflate deflate;
  std::size_t left = 0;
  for (auto _ : state) {
    const std::optional<std::string> data = deflate.deflate(documents.next());
    left = data->size();
    benchmark::DoNotOptimize(Frame::deflated(true, *data));
  }
  tell_left(state, left);
}

void deflate_zlib_defaults(benchmark::State& state) {
  Documents documents(state);
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(documents.next().size() + 64, '\0');
  for (auto _ : state) {
    const std::string& payload = documents.next();
    deflateReset(&stream);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(payload.data()));
    stream.avail_in = static_cast<uInt>(payload.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_SYNC_FLUSH);
    benchmark::DoNotOptimize(out.data());
  }
  tell_left(state, stream.total_out - 4);
  deflateEnd(&stream);
}

void deflate_inflate(benchmark::State& state) {
  Documents documents(state);
  MessageDeflate deflate;
  std::vector<std::string> messages;
  while (messages.size() < 64) messages.push_back(deflate.deflate(documents.next()).value());
  std::size_t at = 0;
  for (auto _ : state) {
    std::vector<char> buffer;
    const std::string& data = messages[at++ % messages.size()];
    benchmark::DoNotOptimize(
        deflate.inflate({Event::Kind::text, websocket::CloseCode::no_status, data, true}, 64 * 1024, buffer));
  }
}

BENCHMARK(deflate_none)->Arg(128)->Arg(256)->Arg(1024)->Arg(16384)->Arg(65536);
BENCHMARK(deflate_message)->Arg(128)->Arg(256)->Arg(1024)->Arg(16384)->Arg(65536);
BENCHMARK(deflate_zlib_defaults)->Arg(128)->Arg(256)->Arg(1024)->Arg(16384)->Arg(65536);
BENCHMARK(deflate_inflate)->Arg(256)->Arg(1024)->Arg(16384)->Arg(65536);

}  // namespace

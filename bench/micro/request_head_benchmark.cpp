// The head of an API request and of an upgrade, beside one pass over its bytes.
#include <cstring>
#include <string>

#include <benchmark/benchmark.h>

#include "server/http/request_head.hpp"

namespace signalbox::http {
namespace {

const std::string kPost = "POST /api/v1/users/alice/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 128\r\n\r\n";
const std::string kUpgrade =
    "GET /?user_name=alice HTTP/1.1\r\nHost: chat.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://chat.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\nAccept: */*\r\n"
    "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nSec-WebSocket-Protocol: "
    "signalbox.v1.json\r\n\r\n";

void parse(benchmark::State& state, const std::string& bytes) {
  for (auto _ : state) {
    RequestHead head;
    if (parse_head(bytes, head).kind != HeadResult::Kind::complete) state.SkipWithError("the head is refused");
    benchmark::DoNotOptimize(head);
  }
}
BENCHMARK_CAPTURE(parse, post, kPost);
BENCHMARK_CAPTURE(parse, upgrade, kUpgrade);

void parse_bare_copy(benchmark::State& state, const std::string& bytes) {
  std::string to = bytes;
  for (auto _ : state) {
    std::memcpy(to.data(), bytes.data(), bytes.size());
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(parse_bare_copy, post, kPost);
BENCHMARK_CAPTURE(parse_bare_copy, upgrade, kUpgrade);

}  // namespace
}  // namespace signalbox::http

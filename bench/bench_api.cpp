// The back end's HTTP API: one message a request, in turn and pipelined, beside redis-benchmark; and in bulk.
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/benchmark_main.hpp"
#include "bench/chain.hpp"
#include "bench/floor.hpp"
#include "bench/http_load.hpp"
#include "bench/process.hpp"
#include "bench/servers.hpp"

namespace {

using namespace signalbox::bench;

constexpr std::size_t kConnections = 64;
constexpr std::size_t kDepth = 16;
constexpr std::uint64_t kRequests = 100'000;
constexpr std::uint64_t kPipelinedRequests = 300'000;
constexpr std::size_t kFloorSockets = 5'000;
const std::string kPayload(kPayloadBytes, 'm');

// PUBLISH requests a second by redis-benchmark, one client's answer awaited before its next request, to a channel that nobody
// listens to.
double redis_benchmark(const std::string& redis_url, const ScratchDirectory& scratch, std::size_t round) {
  const std::string output = scratch.file("redis-benchmark-" + std::to_string(round));
  Process process =
      Process::start({"redis-benchmark", "-p", redis_url.substr(redis_url.rfind(':') + 1), "-c", std::to_string(kConnections),
                      "-P", "1", "-n", std::to_string(kRequests), "--csv", "PUBLISH", "nobody", kPayload},
                     output);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (process.running()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("redis-benchmark does not end");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  // "NAME","REQUESTS A SECOND",… in the last line.
  std::string line, last;
  for (std::ifstream in(output); std::getline(in, line);) last = line;
  const std::size_t second = last.find("\",\"");
  const double rate = second == std::string::npos ? 0 : std::atof(last.c_str() + second + 3);
  if (rate <= 0) throw std::runtime_error("redis-benchmark (Debian package redis-tools) said: " + last);
  return rate;
}

std::string post_request(const std::string& user) {
  return "POST /api/v1/users/" + user +
         "/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(kPayload.size()) + "\r\n\r\n" + kPayload;
}

// Both chains of messages end at users of another instance than the one that takes the requests.
class Api {
 public:
  Api(const BenchmarkOptions& options, const ScratchDirectory& scratch, const std::string& redis_url)
      : users_(Chain::of_signalbox({.users = options.users}, options, scratch, redis_url)),
        taker_(scratch, options.signalbox, redis_url, options.settings) {
    users_.connect(redis_url);
    for (const std::string& user : users_.channels()) {
      bulk_.append(R"({"user":")").append(user).append(R"(","text":")").append(kPayload).append("\"}\n");
    }
  }

  /// Requests a second; each connection sends to a user of its own.
  double post(std::size_t depth, std::uint64_t requests) {
    HttpLoad load(
        taker_.api_port(), kConnections, depth,
        [this](std::size_t n) { return post_request(users_.channels()[n % users_.channels().size()]); }, "{\"delivered\":true");
    return load.run(requests);
  }

  /// µs of the taking instance's CPU for each line, one line a user.
  double bulk() {
    const std::uint64_t before = users_.messages();
    const auto cpu = cpu_time(taker_.pid());
    const std::uint64_t delivered = post_bulk(taker_.api_port(), "/api/v1/messages", bulk_, "\"delivered\":true");
    const std::chrono::duration<double, std::micro> spent = cpu_time(taker_.pid()) - cpu;
    if (delivered != users_.channels().size()) throw std::runtime_error("not every line of the bulk was delivered");
    wait_received(before + delivered);
    return spent.count() / static_cast<double>(delivered);
  }

 private:
  void wait_received(std::uint64_t messages) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (users_.messages() < messages) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("messages are lost");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  Chain users_;
  SignalboxServer taker_;
  std::string bulk_;
};

std::vector<Figure> measure(const BenchmarkOptions& options) {
  const ScratchDirectory scratch;
  const RedisServer redis(scratch, options.redis_url);
  std::vector<double> redis_rates, single, pipelined, bulk, floor;
  bare_rounds(kFloorSockets, options.rounds, 1, floor);
  Api api(options, scratch, redis.url());
  api.bulk();  // each user's way has been gone once
  for (std::size_t round = 0; round < options.rounds; ++round) {
    redis_rates.push_back(redis_benchmark(redis.url(), scratch, round));
    single.push_back(api.post(1, kRequests));
    pipelined.push_back(api.post(kDepth, kPipelinedRequests));
    bulk.push_back(api.bulk());
  }
  bare_rounds(kFloorSockets, options.rounds, 1, floor);
  return {
      {"POST messages, 64 connections; bare: redis-benchmark", median(single), "/s", median(redis_rates), ratio_at_least(0.5)},
      {"the same, 16 pipelined; bare: not pipelined", median(pipelined), "/s", median(single), ratio_at_least(3)},
      {"bulk, CPU of the taking instance; bare: send()", median(bulk), "us/message", median(floor),
       at_most(scaled(5, median(floor)))}};
}

}  // namespace

int main(int argc, char** argv) {
  return benchmark_main(argc, argv,
                        {.name = "api",
                         .description = "POST of messages, single, pipelined and in bulk, beside redis-benchmark's PUBLISH",
                         .users = 10'000,
                         .rounds = 5,
                         .measure = measure});
}

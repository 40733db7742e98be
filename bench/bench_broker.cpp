// publish → broker → deliver, by a plugin and by a bare client: how many a second when saturated, and how
// late at half of that.
#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "bench/ends/ends.hpp"
#include "bench/floor.hpp"
#include "bench/process.hpp"
#include "bench/report.hpp"
#include "bench/servers.hpp"

namespace {

using namespace signalbox::bench;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::uint64_t kRoundMessages = 200'000;
/// Under way at a time: several of the batches that each part takes in.
constexpr std::uint64_t kWindow = 8'192;
constexpr double kLatencySeconds = 5;

struct Options {
  std::string broker;
  std::string url;
  std::size_t channels = 1'000;
  std::size_t rounds = 5;
};

/// What the publisher's process has to say, in memory that is shared with it.
struct Outcome {
  std::atomic<bool> done = false;
  double seconds = 0;
  double publisher_cores = 0;
  double holder_cores = 0;
  std::array<char, 400> reason{};  // why it failed; empty: it did not
};

class Way {
 public:
  Way(std::unique_ptr<Ends> ends, const Options& options, const std::string& prefix) : ends_(std::move(ends)) {
    for (std::size_t n = 0; n < options.channels; ++n) channels_.push_back(prefix + std::to_string(n));
  }

  void measure_rate() {
    const Process holder = hold();
    const auto outcome = publish([&](Publisher& publisher, Outcome& told) {
      const auto own = cpu_time(getpid());
      const auto held = cpu_time(holder.pid());
      const auto start = Clock::now();
      publisher.saturate(kRoundMessages, kWindow, [this] { return received_.messages(); });
      const std::chrono::duration<double> took = Clock::now() - start;
      told.seconds = took.count();
      told.publisher_cores = (cpu_time(getpid()) - own) / took;
      told.holder_cores = (cpu_time(holder.pid()) - held) / took;
    });
    rates.push_back(static_cast<double>(kRoundMessages) / outcome->seconds);
    publisher_cores.push_back(outcome->publisher_cores);
    holder_cores.push_back(outcome->holder_cores);
  }

  void measure_latency(double per_second) {
    const Process holder = hold();
    publish([&](Publisher& publisher, Outcome&) {
      received_.latencies().forget();
      const std::uint64_t before = received_.messages();
      const auto messages = static_cast<std::uint64_t>(per_second * kLatencySeconds);
      publisher.follow(Schedule(Clock::now(), per_second), messages);
      wait([&] { return received_.messages() - before >= messages; }, "messages are lost");
    });
    const Histogram latencies = received_.latencies().histogram();
    p50.push_back(Milliseconds(latencies.percentile(50)).count());
    p99.push_back(Milliseconds(latencies.percentile(99)).count());
  }

  std::vector<double> rates, p50, p99, publisher_cores, holder_cores;

 private:
  template <class Done>
  static void wait(const Done& done, const char* otherwise) {
    const auto deadline = Clock::now() + 60s;
    while (!done()) {
      if (Clock::now() > deadline) throw std::runtime_error(otherwise);
      std::this_thread::sleep_for(500us);
    }
  }

  Process hold() {
    received_ = Received();
    Process holder = Process::fork_off([this] { return ends_->hold(channels_, received_); });
    wait([&] { return received_.is_ready() || !holder.running(); }, "the holder does not become ready");
    if (!received_.is_ready()) throw std::runtime_error("the holder has ended");
    return holder;
  }

  /// Runs `measure` in a process of its own, once every channel has had some messages.
  template <class Measure>
  std::shared_ptr<Outcome> publish(const Measure& measure) {
    auto outcome = share<Outcome>();
    Process process = Process::fork_off([&] {
      try {
        const auto publisher = ends_->publisher(channels_, kPayloadBytes);
        publisher->saturate(10 * channels_.size(), kWindow, [this] { return received_.messages(); });
        measure(*publisher, *outcome);
      } catch (const std::exception& error) {
        std::string_view(error.what()).copy(outcome->reason.data(), outcome->reason.size() - 1);
      }
      outcome->done = true;
      return 0;
    });
    while (!outcome->done && process.running()) std::this_thread::sleep_for(1ms);
    if (outcome->reason[0] != 0) throw std::runtime_error(outcome->reason.data());
    if (!outcome->done) throw std::runtime_error("the publisher has ended");
    return outcome;
  }

  std::unique_ptr<Ends> ends_;
  std::vector<std::string> channels_;
  Received received_;
};

std::unique_ptr<Ends> bare_ends(const Options& options) {
  if (options.broker == "redis") return bare_redis_ends(options.url);
  if (options.broker == "nats") return bare_nats_ends(options.url);
  return bare_kafka_ends(options.url);
}

std::vector<Figure> measure(const Options& options) {
  const std::string key = options.broker == "kafka" ? "broker.kafka.bootstrap_servers=" : "broker." + options.broker + ".url=";
  Way plugin(plugin_ends(options.broker, {key + options.url}), options, "user-");
  Way bare(bare_ends(options), options, "bare-");
  // In turn, so that a machine that speeds up or slows down does so for both.
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (Way* way : {&bare, &plugin}) way->measure_rate();
  }
  const double rate = median(plugin.rates);
  const double bare_rate = median(bare.rates);
  for (std::size_t round = 0; round < options.rounds; ++round) {
    bare.measure_latency(bare_rate / 2);
    plugin.measure_latency(rate / 2);
  }
  const auto target = options.broker == "kafka" ? std::optional<Target>() : ratio_at_least(0.8);
  return {{"delivered, saturated", rate, "/s", bare_rate, target},
          {"p50 at half of that", median(plugin.p50), "ms", median(bare.p50), {}},
          {"p99 at half of that", median(plugin.p99), "ms", median(bare.p99), {}},
          {"saturated: publisher", median(plugin.publisher_cores), "cores", median(bare.publisher_cores), {}},
          {"saturated: holder", median(plugin.holder_cores), "cores", median(bare.holder_cores), {}}};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Through one broker: a plugin's throughput and latency beside a bare client's");
  app.add_option("broker", options.broker, "redis, nats or kafka")
      ->required()
      ->check(CLI::IsMember({"redis", "nats", "kafka"}));
  app.add_option("--url", options.url, "A server that is running already (Kafka: HOST:PORT); Redis and NATS are started else");
  app.add_option("--channels", options.channels, "Channels held")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--rounds", options.rounds, "How often each figure is measured")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    const ScratchDirectory scratch;
    std::unique_ptr<RedisServer> redis;
    std::unique_ptr<NatsServer> nats;
    if (options.url.empty() && options.broker == "redis") {
      redis = std::make_unique<RedisServer>(scratch, "");
      options.url = redis->url();
    } else if (options.url.empty() && options.broker == "nats") {
      nats = std::make_unique<NatsServer>(scratch);
      options.url = nats->url();
    } else if (options.url.empty()) {
      std::cerr << "kafka: --url HOST:PORT is needed, for example of `scripts/run --broker kafka`\n";
      return 2;
    }
    const std::vector<Figure> figures = measure(options);
    print_table(std::cout, options.broker, figures);
    std::cout << '\n';
    print_json_lines(std::cout, options.broker, figures);
  } catch (const std::exception& error) {
    std::cerr << options.broker << ": " << error.what() << '\n';
    return 1;
  }
  return 0;
}

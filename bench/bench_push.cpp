// CPU a message: 128 B through Redis to distinct users, beside a bare send() loop to the same kind of sockets.
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "bench/benchmark_main.hpp"
#include "bench/client_process.hpp"
#include "bench/floor.hpp"
#include "bench/process.hpp"
#include "bench/redis_client.hpp"
#include "bench/servers.hpp"

namespace {

using namespace signalbox::bench;

constexpr std::size_t kQueued = 10;  // messages that wait for each user in the second form

/// µs a message, one value a round, by what is measured: "process", or the name of one of its threads.
using Times = std::map<std::string, std::vector<double>>;

std::string user_name(std::size_t n) { return "user-" + std::to_string(n); }

double microseconds(std::chrono::nanoseconds time, std::size_t messages) {
  return static_cast<double>(time.count()) / 1000.0 / static_cast<double>(messages);
}

class ServerUnderLoad {
 public:
  ServerUnderLoad(const BenchmarkOptions& options, const ScratchDirectory& scratch, const std::string& redis_url)
      : server_(scratch, options.signalbox, redis_url, options.settings),
        redis_(redis_url),
        clients_({.port = server_.port(), .busy_poll = true}, options.users, user_name) {
    for (std::size_t n = 0; n < options.users; ++n) channels_.push_back(user_name(n));
    clients_.wait_ready();
    clients_.wait_until([&] { return redis_.subscribed(channels_) == channels_.size(); }, std::chrono::seconds(30),
                        "all subscribed");
    Times warm_up;
    round(1, warm_up);
  }

  /// Publishes `each` messages to each user, and adds what the server spent on one of them.
  void round(std::size_t each, Times& times) {
    const std::size_t messages = channels_.size() * each;
    const auto process = cpu_time(server_.pid());
    const auto threads = thread_times(server_.pid());
    if (redis_.publish(channels_, each, payload_) != messages) throw std::runtime_error("Redis knew not all of the users");
    sent_ += messages;
    clients_.wait_messages(sent_);
    times["process"].push_back(microseconds(cpu_time(server_.pid()) - process, messages));
    for (const auto& [name, time] : thread_times(server_.pid())) {
      const auto before = threads.find(name);
      if (before != threads.end()) times["thread " + name].push_back(microseconds(time - before->second, messages));
    }
  }

 private:
  SignalboxServer server_;
  RedisClient redis_;
  std::vector<std::string> channels_;
  const std::string payload_ = std::string(kPayloadBytes, 'm');
  std::uint64_t sent_ = 0;
  ClientProcess clients_;
};

void add_figures(const std::string& form, const Times& times, double bare, const Target& shard_target,
                 std::vector<Figure>& figures) {
  figures.push_back({form + ", whole process", median(times.at("process")), "us/message", bare, {}});
  for (const auto& [name, values] : times) {
    if (name == "process" || median(values) < 0.01) continue;
    const bool is_shard = name.find("shard") != std::string::npos;
    figures.push_back({std::string(form).append(", ").append(name), median(values), "us/message", bare,
                       is_shard ? std::optional(shard_target) : std::nullopt});
  }
}

// Bare rounds come before and after the server's, so that a machine that speeds up or slows down shows in both.
std::vector<Figure> measure(const BenchmarkOptions& options) {
  std::vector<double> bare_one, bare_queued;
  Times one, queued;
  bare_rounds(options.users, options.rounds, 1, bare_one);
  bare_rounds(options.users, options.rounds, kQueued, bare_queued);
  {
    const ScratchDirectory scratch;
    const RedisServer redis(scratch, options.redis_url);
    ServerUnderLoad server(options, scratch, redis.url());
    for (std::size_t round = 0; round < options.rounds; ++round) {
      server.round(1, one);
      server.round(kQueued, queued);
    }
  }
  bare_rounds(options.users, options.rounds, 1, bare_one);
  bare_rounds(options.users, options.rounds, kQueued, bare_queued);
  std::vector<Figure> figures;
  add_figures("1 message a user", one, median(bare_one), ratio_at_most(1.2), figures);
  add_figures("10 queued a user", queued, median(bare_queued), at_most(scaled(1.5, median(bare_one))), figures);
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  return benchmark_main(argc, argv,
                        {.name = "push",
                         .description = "Server CPU per 128 B message to distinct users, beside a bare send() loop",
                         .users = 10'000,
                         .rounds = 7,
                         .measure = measure});
}

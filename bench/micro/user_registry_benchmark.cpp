// A user who comes and goes, and the lookup of each message, in a registry of many; beside a bare hash table.
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/users/user_registry.hpp"

namespace signalbox {
namespace {

/// Keeps what it is asked for until answer(): no completion comes inside the calling stack.
class DeferringBroker final : public Broker {
 public:
  void start(Host&) override {}
  void stop(std::chrono::milliseconds) override {}
  [[nodiscard]] Capabilities capabilities() const override { return {}; }
  void subscribe(std::string_view, Done done) override { open_.push_back(std::move(done)); }
  void unsubscribe(std::string_view, Done done) override { open_.push_back(std::move(done)); }
  void publish(std::string_view, std::string_view, PublishDone) override {}
  void exists(std::string_view, ExistsDone) override {}

  void answer() {
    for (Done& done : std::exchange(open_, {})) done({});
  }

 private:
  std::vector<Done> open_;
};

class Unheard final : public RegistrationObserver {
  void on_standing(ShardSet, std::string_view, Standing, const Status&) override {}
};

std::vector<std::string> keys(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t n = 0; n < count; ++n) names.push_back("user-" + std::to_string(n));
  return names;
}

/// Without a delay before the unsubscribe, so that coming and going is all of it.
struct Registry {
  explicit Registry(const std::vector<std::string>& users) {
    for (const std::string& user : users) registry.add(user, 0);
    broker.answer();
  }

  DeferringBroker broker;
  Unheard unheard;
  LiveLimits limits{Config::Limits{}};
  UserRegistry registry{broker, unheard, limits, "", std::chrono::milliseconds(0)};
};

void come_and_go(benchmark::State& state) {
  Registry many(keys(static_cast<std::size_t>(state.range(0))));
  const std::vector<std::string> guests = [] {
    std::vector<std::string> names;
    for (int n = 0; n < 1024; ++n) names.push_back("guest-" + std::to_string(n));
    return names;
  }();
  std::size_t n = 0;
  for (auto _ : state) {
    const std::string& guest = guests[n++ % guests.size()];
    many.registry.add(guest, 0);
    many.broker.answer();
    many.registry.remove(guest, 0);
    many.broker.answer();
  }
}
BENCHMARK(come_and_go)->Arg(1'000)->Arg(100'000);

void look_up(benchmark::State& state) {
  const std::vector<std::string> users = keys(static_cast<std::size_t>(state.range(0)));
  const Registry many(users);
  std::size_t n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(many.registry.shards_of(users[(n += 7919) % users.size()]));
}
BENCHMARK(look_up)->Arg(1'000)->Arg(100'000);

void look_up_bare_table(benchmark::State& state) {
  const std::vector<std::string> users = keys(static_cast<std::size_t>(state.range(0)));
  std::unordered_map<std::string, ShardSet, StringHash, std::equal_to<>> table;
  for (const std::string& user : users) table.emplace(user, 1);
  std::size_t n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(table.find(std::string_view(users[(n += 7919) % users.size()])));
}
BENCHMARK(look_up_bare_table)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace signalbox

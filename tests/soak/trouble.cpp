#include "tests/soak/trouble.hpp"

#include <array>
#include <csignal>
#include <thread>

namespace signalbox::test {
namespace {

constexpr milliseconds kRecovers = 3 * kPatience;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

Trouble::Trouble(RedisServer& redis, Instance& one, Instance& two, Ledger& ledger, Record& record, Crowd& crowd,
                 std::uint64_t seed)
    : redis_(redis), one_(one), two_(two), ledger_(ledger), record_(record), crowd_(crowd), random_(seed) {}

bool Trouble::restart_redis() {
  const auto since = Clock::now();
  ledger_.fault();
  redis_.kill();
  std::this_thread::sleep_for(milliseconds(std::uniform_int_distribution<int>(0, 1000)(random_)));
  redis_.restart();
  return recovered(since, true, "Redis restarted");
}

bool Trouble::something_else() {
  switch (random_() % 6) {
    case 0: return kill_connections("pubsub");
    case 1: return kill_connections("normal");
    case 2: return reload(either());
    case 3: crowd_.storm(); return record_.count("all who come and go left at once"), true;
    default: return evict(either());
  }
}

bool Trouble::kill_connections(const std::string& type) {
  const auto since = Clock::now();
  ledger_.fault();
  redis_.command({"CLIENT", "KILL", "TYPE", type});
  return recovered(since, type == "pubsub", "CLIENT KILL TYPE " + type);
}

bool Trouble::recovered(Clock::time_point since, bool told, const std::string& after) {
  const auto well = [&] { return one_.ready() && two_.ready() && (!told || crowd_.told_since(since)); };
  const bool over = wait_until(well, kRecovers);
  if (over) {
    recoveries_.push_back(std::chrono::duration_cast<milliseconds>(Clock::now() - since));
    ledger_.mended();
  } else {
    record_.complain("not recovered: " + after + "; one: " + one_.http().get("/readyz").body + "; two: " +
                     two_.http().get("/readyz").body + (crowd_.told_since(since) ? "" : "; not all were told a gap"));
  }
  record_.count(after);
  return over;
}

/// Most files are good, one in four is broken and changes nothing.
bool Trouble::reload(Instance& instance) {
  static const std::array<const char*, 3> kSizes{"256KiB", "384KiB", "512KiB"};
  const bool broken = random_() % 4 == 0;
  const std::string line = broken ? "not reloaded, nothing is changed: " : "reloaded: ";
  const std::size_t before = count(instance.process().errors(), line);
  instance.rewrite({{"limits.queue_bytes", broken ? "many" : kSizes[random_() % kSizes.size()]}});
  instance.process().signal(SIGHUP);
  const bool done = wait_until([&] { return count(instance.process().errors(), line) > before; }, kRecovers);
  if (!done) record_.complain("SIGHUP was not answered with \"" + line + "\"");
  record_.count(broken ? "SIGHUP with a broken file" : "SIGHUP");
  return done;
}

bool Trouble::evict(Instance& instance) {
  const std::vector<std::string> users = crowd_.evicted_users();
  const std::string& user = users[random_() % users.size()];
  crowd_.evicting(user);
  const HttpResponse answer = instance.http().request("DELETE", "/api/v1/users/" + user + "/connections");
  if (answer.status == 503) return record_.count("DELETE while the broker was unavailable"), true;
  if (answer.status != 202) record_.complain("DELETE of connections: " + std::to_string(answer.status) + " " + answer.body);
  record_.count("DELETE of a user's connections");
  return true;
}

}  // namespace signalbox::test

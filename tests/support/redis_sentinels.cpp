#include "tests/support/redis_sentinels.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "tests/support/ports.hpp"
#include "tests/support/redis_connection.hpp"

namespace signalbox::test {
namespace {

constexpr milliseconds kSettled = 40s;  // replicas attach, sentinels find each other every 2 s

constexpr const char* kSentinelFile = "sentinel.conf";  // where it also keeps what it knows

/// The value behind a field, of an answer with a line for each.
std::string field(const std::string& answer, const std::string& name) {
  const std::string before = "\n" + name + "\n";
  const std::size_t at = answer.find(before);
  if (at == std::string::npos) return {};
  const std::size_t from = at + before.size();
  return answer.substr(from, answer.find('\n', from) - from);
}

}  // namespace

RedisSentinels::RedisSentinels(std::vector<std::string> arguments, std::string password) : password_(std::move(password)) {
  servers_.push_back(std::make_unique<RedisServer>(arguments));
  arguments.insert(arguments.end(), {"--replicaof", "127.0.0.1 " + std::to_string(servers_.front()->port())});
  for (int replica = 0; replica < 2; ++replica) servers_.push_back(std::make_unique<RedisServer>(arguments));
  const auto attached = [&] {
    const std::string told = servers_.front()->command({"INFO", "replication"});
    return told.find("slave0:") != std::string::npos && told.find("slave1:") != std::string::npos &&
           told.find("state=wait") == std::string::npos && told.find("state=send") == std::string::npos;
  };
  if (!wait_until(attached, kSettled)) throw std::runtime_error("the replicas do not attach");
  for (int number = 0; number < 3; ++number) add_sentinel();
  if (!wait_until([&] { return agreed(); }, kSettled)) throw std::runtime_error("the sentinels do not agree");
}

void RedisSentinels::Sentinel::start() {
  process = std::make_unique<Process>(
      std::vector<std::string>{"redis-server", (directory.path() / kSentinelFile).string(), "--sentinel"});
}

void RedisSentinels::restart_sentinel(std::size_t number) { sentinels_[number]->start(); }

void RedisSentinels::add_sentinel() {
  auto sentinel = std::make_unique<Sentinel>();
  sentinel->port = free_port();
  const std::string name = std::string(kMaster);
  std::string lines = "port " + std::to_string(sentinel->port) + "\nbind 127.0.0.1\ndir " +
                      sentinel->directory.path().string() + "\nsentinel monitor " + name + " 127.0.0.1 " +
                      std::to_string(servers_.front()->port()) + " 2\nsentinel down-after-milliseconds " + name +
                      " 1000\nsentinel failover-timeout " + name + " 10000\nsentinel parallel-syncs " + name + " 2\n";
  if (!password_.empty()) lines += "requirepass " + password_ + "\nsentinel sentinel-pass " + password_ + "\n";
  sentinel->directory.write(kSentinelFile, lines);
  sentinel->start();
  sentinels_.push_back(std::move(sentinel));
}

std::string RedisSentinels::ask(const Sentinel& sentinel, const std::vector<std::string>& command) const {
  RedisConnection connection(sentinel.port);
  if (!password_.empty()) connection.command({"AUTH", password_});
  return connection.command(command);
}

bool RedisSentinels::agreed() const {
  return std::all_of(sentinels_.begin(), sentinels_.end(), [&](const auto& sentinel) {
    try {
      const std::string answer = ask(*sentinel, {"SENTINEL", "MASTER", kMaster});
      return field(answer, "num-slaves") == "2" && field(answer, "num-other-sentinels") == "2" &&
             field(answer, "flags") == "master" && ask(*sentinel, {"SENTINEL", "CKQUORUM", kMaster}).substr(0, 2) == "OK";
    } catch (const std::runtime_error&) {
      return false;
    }
  });
}

std::vector<std::string> RedisSentinels::urls() const {
  std::vector<std::string> urls;
  for (const auto& sentinel : sentinels_) urls.push_back("redis://127.0.0.1:" + std::to_string(sentinel->port));
  return urls;
}

RedisServer& RedisSentinels::master() {
  std::map<std::string, int> named;
  for (const auto& sentinel : sentinels_) {
    if (sentinel->process->running()) ++named[field(ask(*sentinel, {"SENTINEL", "MASTER", kMaster}), "port")];
  }
  for (const auto& server : servers_) {
    if (named[std::to_string(server->port())] >= 2) return *server;
  }
  return *servers_.front();
}

void RedisSentinels::tell_sentinels(const std::vector<std::string>& command) const {
  for (const auto& sentinel : sentinels_) ask(*sentinel, command);
}

bool RedisSentinels::wait_other_master(const RedisServer& before, milliseconds within) {
  return wait_until([&] { return &master() != &before; }, within);
}

void RedisSentinels::fail_over() {
  const RedisServer& before = master();
  // It refuses while it does not know its replicas well enough yet.
  const auto asked = [&] {
    try {
      return ask(*sentinels_.front(), {"SENTINEL", "FAILOVER", kMaster}) == "OK";
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  if (!wait_until(asked, kSettled) || !wait_other_master(before, kSettled)) throw std::runtime_error("no failover");
}

}  // namespace signalbox::test

// A real Redis master with two replicas and three sentinels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/temporary_directory.hpp"

namespace signalbox::test {

/// Agreed among themselves once constructed; stopped by pid on destruction. They give a master up after a second.
class RedisSentinels {
 public:
  static constexpr const char* kMaster = "mymaster";

  /// arguments: of each of the three servers. password: of the sentinels; empty: none.
  explicit RedisSentinels(std::vector<std::string> arguments = {}, std::string password = {});

  /// redis://127.0.0.1:PORT of each sentinel.
  [[nodiscard]] std::vector<std::string> urls() const;
  /// The one that most sentinels name.
  [[nodiscard]] RedisServer& master();
  [[nodiscard]] const std::vector<std::unique_ptr<RedisServer>>& servers() const noexcept { return servers_; }

  /// Without a fault: the sentinels promote another server, as an operator asks them to. Returns when they name it.
  void fail_over();
  /// Waits until the sentinels name another than `before`.
  bool wait_other_master(const RedisServer& before, milliseconds within = kPatience);
  /// Runs a command on each sentinel.
  void tell_sentinels(const std::vector<std::string>& command) const;
  void kill_sentinel(std::size_t number) { sentinels_[number]->process->kill(); }
  /// With what it knew when it was killed.
  void restart_sentinel(std::size_t number);

 private:
  struct Sentinel {
    void start();

    std::uint16_t port = 0;
    TemporaryDirectory directory;
    std::unique_ptr<Process> process;
  };

  void add_sentinel();
  std::string ask(const Sentinel& sentinel, const std::vector<std::string>& command) const;
  [[nodiscard]] bool agreed() const;

  std::string password_;
  std::vector<std::unique_ptr<RedisServer>> servers_;
  std::vector<std::unique_ptr<Sentinel>> sentinels_;
};

}  // namespace signalbox::test

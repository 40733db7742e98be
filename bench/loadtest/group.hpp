// The instances under test: started for it with one broker, or running already.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bench/loadtest/broker_server.hpp"
#include "bench/loadtest/endpoint.hpp"
#include "bench/loadtest/options.hpp"
#include "bench/servers.hpp"

namespace signalbox::bench {

/// Ended by the destructor: instances first, all at one time, then their broker's server.
class Group {
 public:
  /// With this broker. Errors: std::runtime_error with the end of a log.
  Group(const LoadTestOptions& options, const std::string& broker);
  ~Group();
  /// Those that run already.
  explicit Group(const std::vector<RunningInstance>& targets) : instances_(targets) {}
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return instances_.size(); }
  [[nodiscard]] const std::vector<RunningInstance>& instances() const noexcept { return instances_; }
  /// Of those that were started here.
  [[nodiscard]] std::vector<pid_t> pids() const;
  /// Of the broker's server; none if it is not ours.
  [[nodiscard]] std::vector<pid_t> broker_pids() const;
  /// What those were told: KEY=VALUE as for --set.
  [[nodiscard]] const std::vector<std::string>& settings() const noexcept { return settings_; }
  /// nullptr: not ours.
  [[nodiscard]] BrokerServer* broker_server() noexcept { return server_.get(); }

  struct Description {
    std::string plugin;
    std::string version;
  };
  /// What the first says of its plugin. Errors: std::runtime_error if it does not answer, or wants another key.
  [[nodiscard]] Description describe(const std::string& api_key) const;

 private:
  const SignalboxServer& start_instance(const LoadTestOptions& options, const std::string& broker);

  ScratchDirectory scratch_;
  std::vector<std::string> settings_;
  std::unique_ptr<BrokerServer> server_;
  std::vector<std::unique_ptr<SignalboxServer>> servers_;
  std::vector<RunningInstance> instances_;
};

}  // namespace signalbox::bench

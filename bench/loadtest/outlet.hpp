// The way by which messages of a load test leave the generator.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/loadtest/endpoint.hpp"
#include "bench/loadtest/message.hpp"

namespace signalbox::bench {

struct PublisherOptions {
  std::vector<Endpoint> apis;
  std::string user_prefix;  ///< a user's name is this and its number
  std::size_t message_bytes = 128;
  std::string key;  ///< of the API; empty: none

  bool via_broker = false;            ///< straight to it, by a plugin; else through the API
  std::string config;                 ///< of the instances, and so of the plugin: a file; empty: none
  std::vector<std::string> settings;  ///< the same: KEY=VALUE as for --set
};

/// Messages to one user leave in the order of the calls.
///
/// Threading: one thread calls it; its callbacks come from any.
class Outlet {
 public:
  struct Callbacks {
    /// It leaves now: whether it has arrived is unknown until it is answered.
    std::function<void(std::uint64_t number)> sent;
    /// The HTTP status of the API, or the one that the API would have answered. 0: no answer came. Once a message.
    std::function<void(std::uint64_t number, int status)> answered;
  };

  virtual ~Outlet() = default;

  /// Is due: leaves as soon as it can, whatever has become of those before.
  virtual void take(const LoadMessage& message) = 0;
  /// Lets out what can go. Returns after `pause` at most.
  virtual void exchange(std::chrono::nanoseconds pause) = 0;
};

/// Lifetime: not beyond `options`. Errors: ConfigError, std::runtime_error where the broker can't be reached.
std::unique_ptr<Outlet> api_outlet(const PublisherOptions& options, Outlet::Callbacks callbacks);
std::unique_ptr<Outlet> broker_outlet(const PublisherOptions& options, Outlet::Callbacks callbacks);

}  // namespace signalbox::bench

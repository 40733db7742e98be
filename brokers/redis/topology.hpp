// Which Redis servers there are, and which of them holds a channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace signalbox::redis {

struct Endpoint {
  std::string host = "localhost";
  std::uint16_t port = 6379;

  /// "host:port", with brackets around an IPv6 address.
  [[nodiscard]] std::string text() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
};

/// Threading: the broker's I/O thread.
class Topology {
 public:
  virtual ~Topology() = default;
  [[nodiscard]] virtual const std::vector<Endpoint>& nodes() const noexcept = 0;
  /// Index into nodes() of the one on which `channel` is published, subscribed and counted.
  [[nodiscard]] virtual std::size_t owner(std::string_view channel) const noexcept = 0;
};

/// One master that holds everything.
class SingleNode final : public Topology {
 public:
  explicit SingleNode(Endpoint endpoint) : nodes_{std::move(endpoint)} {}

  [[nodiscard]] const std::vector<Endpoint>& nodes() const noexcept override { return nodes_; }
  [[nodiscard]] std::size_t owner(std::string_view) const noexcept override { return 0; }

 private:
  std::vector<Endpoint> nodes_;
};

}  // namespace signalbox::redis

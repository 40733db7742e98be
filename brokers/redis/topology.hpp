// Which Redis servers there are, and which of them holds a channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "brokers/common/trouble.hpp"
#include "brokers/redis/time.hpp"

namespace signalbox {
struct HostInfo;
}

namespace signalbox::redis {

using brokers::Trouble;

class HashTags;
struct ConnectionContext;
struct Options;

struct Endpoint {
  std::string host = "localhost";
  std::uint16_t port = 6379;

  /// "host:port", with brackets around an IPv6 address.
  [[nodiscard]] std::string text() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Why a topology should ask what it is.
enum class Doubt : std::uint8_t {
  none,
  lasting,  ///< a server is away, or not what it was taken for
  fresh,    ///< it has just become so, or sends us elsewhere
};

/// Channels belong to groups, for ever the same; a group stands on one server, and moves as a whole.
///
/// Threading: the broker's I/O thread.
class Topology {
 public:
  virtual ~Topology() = default;
  /// The servers, all different; none while they are not known.
  [[nodiscard]] virtual const std::vector<Endpoint>& nodes() const noexcept = 0;
  [[nodiscard]] virtual std::size_t groups() const noexcept = 0;
  /// Of a channel by its name on the wire. Below groups().
  [[nodiscard]] virtual std::size_t group(std::string_view channel) const noexcept = 0;
  /// Index into nodes() of the server on which the group's channels are published, subscribed and counted. While there are
  /// nodes(); beyond them where none does.
  [[nodiscard]] virtual std::size_t owner(std::size_t group) const noexcept = 0;

  /// How channels are called on the wire; nullptr: by their own names, and what carries them is classic pub/sub.
  [[nodiscard]] virtual const HashTags* tags() const noexcept { return nullptr; }

  // For a topology that has to ask what it is.

  /// Each group has an owner.
  [[nodiscard]] virtual bool whole() const noexcept { return !nodes().empty(); }

  /// Once each loop turn. True: nodes() or an owner has changed.
  virtual bool turn(Time, Doubt) { return false; }
  [[nodiscard]] virtual bool at_rest() const noexcept { return true; }
  /// Why it is not whole.
  virtual void append_trouble(Trouble&) const {}
  /// What is wrong though it is whole; empty: nothing.
  [[nodiscard]] virtual std::string warning() const { return {}; }
  virtual void close() {}
};

/// One master that holds everything.
class SingleNode final : public Topology {
 public:
  explicit SingleNode(Endpoint endpoint) : nodes_{std::move(endpoint)} {}

  [[nodiscard]] const std::vector<Endpoint>& nodes() const noexcept override { return nodes_; }
  [[nodiscard]] std::size_t groups() const noexcept override { return 1; }
  [[nodiscard]] std::size_t group(std::string_view) const noexcept override { return 0; }
  [[nodiscard]] std::size_t owner(std::size_t) const noexcept override { return 0; }

 private:
  std::vector<Endpoint> nodes_;
};

/// As options.mode says. options, context: outlive it.
std::unique_ptr<Topology> make_topology(const Options& options, ConnectionContext& context, const HostInfo& info);

}  // namespace signalbox::redis

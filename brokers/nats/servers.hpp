// Servers to connect to, and whom their certificates must name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace signalbox::nats {

struct Server {
  std::string url;   ///< nats://host:port, nothing secret in it
  std::string name;  ///< whom its certificate must name: a host or an address

  friend bool operator==(const Server&, const Server&) = default;
};

/// "nats://[::1]:4222" → "::1".
[[nodiscard]] std::string_view host_of(std::string_view url) noexcept;

[[nodiscard]] bool is_address(std::string_view host) noexcept;

/// The servers of a cluster: `teller`, and those that it tells of. They are told by address mostly; a certificate seldom
/// names one, so that it must then name what the teller's names.
[[nodiscard]] std::vector<Server> cluster_of(const Server& teller, std::span<const std::string> urls);

/// Appends those whose URL is not there yet.
void append_missing(std::vector<Server>& servers, std::span<const Server> more);

}  // namespace signalbox::nats

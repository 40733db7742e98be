// Where an instance listens.
#pragma once

#include <cstdint>
#include <string>

namespace signalbox::bench {

/// `address`: an IPv4 literal.
struct Endpoint {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
};

/// An instance that runs.
struct RunningInstance {
  Endpoint clients;
  Endpoint api;
};

}  // namespace signalbox::bench

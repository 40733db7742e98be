// One question to an HTTP server, on a connection of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace signalbox::bench {

struct HttpAnswer {
  int status = 0;  ///< 0: nobody answered within a second
  std::string body;
};

/// `address`: an IPv4 literal. `fields`: more of the head, whole lines.
HttpAnswer http_get(const std::string& address, std::uint16_t port, std::string_view path, std::string_view fields = {});

}  // namespace signalbox::bench

// Which call a request is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/http/request_head.hpp"

namespace signalbox::api {

enum class Call : std::uint8_t {
  publish,
  bulk,
  exists,
  disconnect,
  instance,
  healthz,
  readyz,
  metrics,
  not_found,
  not_allowed,
};

struct Route {
  Call call = Call::not_found;
  std::string_view user;  ///< the path's segment, still percent-encoded
  bool needs_key = false;
  std::string allowed;  ///< not_allowed: the methods that the path knows, as for an Allow field
};

/// Lifetime: the views are into the request's target.
Route route(const http::RequestHead& head);

}  // namespace signalbox::api

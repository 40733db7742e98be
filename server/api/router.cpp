#include "server/api/router.hpp"

#include <algorithm>
#include <array>

namespace signalbox::api {
namespace {

/// A row of the API. `*` in the path stands for one segment, the user.
struct Row {
  std::string_view method;
  std::string_view path;
  Call call;
};

constexpr std::array kRows{
    Row{"POST", "/api/v1/users/*/messages", Call::publish},
    Row{"POST", "/api/v1/messages", Call::bulk},
    Row{"GET", "/api/v1/users/*", Call::exists},
    Row{"HEAD", "/api/v1/users/*", Call::exists},
    Row{"DELETE", "/api/v1/users/*/connections", Call::disconnect},
    Row{"GET", "/api/v1/instance", Call::instance},
    Row{"HEAD", "/api/v1/instance", Call::instance},
    Row{"GET", "/healthz", Call::healthz},
    Row{"HEAD", "/healthz", Call::healthz},
    Row{"GET", "/readyz", Call::readyz},
    Row{"HEAD", "/readyz", Call::readyz},
    Row{"GET", "/metrics", Call::metrics},
    Row{"HEAD", "/metrics", Call::metrics},
};

/// Whether the path is the row's; `user` is what the star stands for.
bool matches(std::string_view path, std::string_view pattern, std::string_view& user) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return path == pattern;
  const std::string_view before = pattern.substr(0, star);
  const std::string_view after = pattern.substr(star + 1);
  if (!path.starts_with(before) || !path.ends_with(after) || path.size() < before.size() + after.size()) return false;
  const std::string_view segment = path.substr(before.size(), path.size() - before.size() - after.size());
  if (segment.find('/') != std::string_view::npos) return false;
  user = segment;
  return true;
}

}  // namespace

Route route(const http::RequestHead& head) {
  const std::string_view path = head.path();
  Route found;
  found.needs_key = path == "/api" || path.starts_with("/api/");
  for (const Row& row : kRows) {
    if (!matches(path, row.path, found.user)) continue;
    if (row.method == head.method) {
      found.call = row.call;
      return found;
    }
    found.call = Call::not_allowed;
    found.allowed.append(found.allowed.empty() ? "" : ", ").append(row.method);
  }
  return found;
}

}  // namespace signalbox::api

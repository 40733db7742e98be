#include "server/api/foreign_page.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace signalbox::api {
namespace {

template <int family>
bool is_address(std::string_view text) {
  in6_addr address{};
  return inet_pton(family, std::string(text).c_str(), &address) == 1;
}

/// An address, localhost, or another name without a dot: nobody on the Internet can have it.
bool is_local(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos || !is_address<AF_INET6>(host.substr(1, end - 1))) return false;
    return end + 1 == host.size() || host[end + 1] == ':';
  }
  const std::string_view name = host.substr(0, host.find(':'));
  return is_address<AF_INET>(name) || name.find('.') == std::string_view::npos;
}

/// Whether `origin` is a page of this very server. With https, a proxy in front of it speaks that.
bool is_own(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.size() == scheme.size() + host.size() && http::equal_without_case(origin.substr(0, scheme.size()), scheme)) {
      return http::equal_without_case(origin.substr(scheme.size()), host);
    }
  }
  return false;
}

}  // namespace

const char* why_foreign(const http::RequestHead& head, HostNames names) {
  const std::string_view host = head.find("host").value_or("");
  if (names == HostNames::local && !is_local(host)) {
    return "an API without keys is not called by such a name: call it by an address or localhost, or set api.keys, or "
           "api.insecure: true";
  }
  for (const auto& [name, value] : head.fields) {
    const bool foreign_origin = http::equal_without_case(name, "origin") && !is_own(value, host);
    const bool foreign_site = http::equal_without_case(name, "sec-fetch-site") && value != "same-origin" && value != "none";
    if (foreign_origin || foreign_site) return "pages of other sites may not call an API without keys: set api.keys";
  }
  return nullptr;
}

}  // namespace signalbox::api

// The URL of a server, as far as all brokers read it alike.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "brokers/common/options.hpp"

namespace signalbox::brokers {

/// Whether it is a number from 1 to 65535. (Boost.URL's port_number() lets some larger ones through, cut to 16 bits.)
[[nodiscard]] inline bool is_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

/// A URL with a host, and a port if it has one, that begins with `scheme`, or `tls_scheme` for TLS. Lifetime: the view points
/// into `text`. Errors: std::invalid_argument, as refuse() throws it, without anything of the URL.
[[nodiscard]] inline boost::urls::url_view parse_server_url(const std::string& key, const std::string& text,
                                                            const std::string& scheme, const std::string& tls_scheme) {
  const auto parsed = boost::urls::parse_uri(text);
  const std::string right = scheme + "://host:port";
  if (!parsed) refuse(key + ": not a URL; write " + right + " and percent-encode special characters in user and password");
  const boost::urls::url_view& url = *parsed;
  if (url.scheme() != scheme && url.scheme() != tls_scheme) {
    refuse(key + ": begins with " + scheme + "://, or " + tls_scheme + ":// for TLS");
  }
  if (!url.has_authority() || url.encoded_host_address().empty()) refuse(key + ": has no host; write " + right);
  if (const auto port = url.port(); url.has_port() && !is_port({port.data(), port.size()})) {
    refuse(key + ": the port is 1 to 65535");
  }
  return url;
}

}  // namespace signalbox::brokers

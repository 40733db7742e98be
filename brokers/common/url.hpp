// The URL of a server, as far as all brokers read it alike.
#pragma once

#include <string>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "brokers/common/options.hpp"

namespace signalbox::brokers {

/// A URL with a host that begins with `scheme`, or `tls_scheme` for TLS. Lifetime: the view points into `text`.
/// Errors: std::invalid_argument, as refuse() throws it, without anything of the URL.
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
  return url;
}

}  // namespace signalbox::brokers

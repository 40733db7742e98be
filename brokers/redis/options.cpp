#include "brokers/redis/options.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace signalbox::redis {
namespace {

[[noreturn]] void refuse(const std::string& reason) { throw std::invalid_argument(reason); }

int read_database(std::string_view path) {
  if (path.empty() || path == "/") return 0;
  path.remove_prefix(1);
  int number = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
  if (error != std::errc() || end != path.data() + path.size() || number < 0) {
    refuse("url: after the host comes a database number, as in redis://localhost:6379/0");
  }
  return number;
}

void read_url(const std::string& text, Options& options) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) refuse("url: not a URL; write redis://host:port and percent-encode special characters in user and password");
  const boost::urls::url_view& url = *parsed;
  if (url.scheme() != "redis" && url.scheme() != "rediss") refuse("url: begins with redis://, or rediss:// for TLS");
  if (!url.has_authority() || url.encoded_host_address().empty()) refuse("url: has no host; write redis://host:port");
  if (url.has_query() || url.has_fragment()) refuse("url: takes no ?query and no #fragment; there are options for that");
  if (url.has_port() && url.port_number() == 0) refuse("url: the port is 1 to 65535");
  options.endpoint.host = url.host_address();
  if (url.has_port()) options.endpoint.port = url.port_number();
  options.login.username = url.user();
  options.login.password = url.password();
  options.login.database = read_database(std::string_view(url.encoded_path().data(), url.encoded_path().size()));
  options.tls.enabled = url.scheme() == "rediss";
}

/// An option that the URL may give as well: one of the two places, not both.
void read_credential(const Settings& settings, const char* key, std::string& value) {
  const std::string option = settings.text(key);
  if (option.empty()) return;
  if (!value.empty()) refuse(std::string(key) + ": stands in url as well; remove one of them");
  value = option;
}

void read_tls(const Settings& settings, TlsOptions& tls) {
  tls.ca_file = settings.text("tls_ca_file");
  tls.certificate = settings.text("tls_certificate");
  tls.private_key = settings.text("tls_private_key");
  tls.verify = settings.text("tls_verify") != "false";
  if (tls.certificate.empty() != tls.private_key.empty()) {
    refuse("tls_certificate and tls_private_key: set both or none");
  }
  if (!tls.enabled && !(tls.ca_file + tls.certificate).empty()) {
    refuse("tls_ca_file, tls_certificate: need TLS; let url begin with rediss://");
  }
}

}  // namespace

Options read_options(const Settings& settings) {
  Options options;
  if (const std::string url = settings.text("url"); !url.empty()) read_url(url, options);
  read_credential(settings, "username", options.login.username);
  read_credential(settings, "password", options.login.password);
  if (!options.login.username.empty() && options.login.password.empty()) refuse("password: is missing for the username");
  read_tls(settings, options.tls);
  if (const auto connections = settings.integer("subscriber_connections"); connections > 0) {
    options.subscriber_connections = static_cast<std::size_t>(connections);
  }
  if (const auto bytes = settings.integer("publish_queue_bytes"); bytes > 0) {
    options.publish_queue_bytes = static_cast<std::size_t>(bytes);
  }
  return options;
}

}  // namespace signalbox::redis

#include "brokers/nats/options.hpp"

#include <stdexcept>
#include <string_view>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "brokers/nats/subject.hpp"

namespace signalbox::nats {
namespace {

constexpr std::uint16_t kPort = 4222;
constexpr std::size_t kLongestPrefix = 128;  // with the longest channel and an inbox a line stays below the server's 4096

[[noreturn]] void refuse(const std::string& reason) { throw std::invalid_argument(reason); }

/// One place for each of them: a second one must say the same.
void settle(std::string& value, const std::string& found, const char* key) {
  if (found.empty() || value == found) return;
  if (!value.empty()) refuse(std::string(key) + ": two are given; give one, in url or in its own key");
  value = found;
}

void read_url(const std::string& key, const std::string& text, Options& options) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) refuse(key + ": not a URL; write nats://host:port and percent-encode special characters in user and password");
  const boost::urls::url_view& url = *parsed;
  if (url.scheme() != "nats" && url.scheme() != "tls") refuse(key + ": begins with nats://, or tls:// for TLS");
  if (!url.has_authority() || url.encoded_host_address().empty()) refuse(key + ": has no host; write nats://host:port");
  if (url.has_query() || url.has_fragment() || url.encoded_path().size() > 1) refuse(key + ": ends behind the port");
  if (url.has_port() && url.port_number() == 0) refuse(key + ": the port is 1 to 65535");
  const std::string host = url.host_address();
  const bool v6 = host.find(':') != std::string::npos;
  const std::string port = std::to_string(url.has_port() ? url.port_number() : kPort);
  options.servers.push_back({(v6 ? "nats://[" + host + "]:" : "nats://" + host + ":") + port, host});
  options.tls.enabled = options.tls.enabled || url.scheme() == "tls";
  if (url.has_password()) {
    settle(options.credentials.username, url.user(), "username");
    settle(options.credentials.password, url.password(), "password");
  } else if (!url.user().empty()) {
    settle(options.credentials.token, url.user(), "token");
  }
}

void read_credentials(const Settings& settings, Credentials& credentials) {
  settle(credentials.username, settings.text("username"), "username");
  settle(credentials.password, settings.text("password"), "password");
  settle(credentials.token, settings.text("token"), "token");
  credentials.nkey_seed_file = settings.text("nkey_seed_file");
  credentials.nkey_public = settings.text("nkey_public");
  credentials.creds_file = settings.text("creds_file");
  if (credentials.username.empty() != credentials.password.empty()) refuse("username and password: set both or none");
  if (credentials.nkey_seed_file.empty() != credentials.nkey_public.empty()) {
    refuse("nkey_seed_file and nkey_public: set both or none");
  }
  const int ways = !credentials.username.empty() + !credentials.token.empty() + !credentials.nkey_public.empty() +
                   !credentials.creds_file.empty();
  if (ways > 1) refuse("username, token, nkey_public, creds_file: set one of them");
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
    refuse("tls_ca_file, tls_certificate: need TLS; let url begin with tls://");
  }
}

}  // namespace

Options read_options(const Settings& settings) {
  Options options;
  const std::vector<std::string> urls = settings.list("urls");
  if (urls.empty()) {
    if (const std::string url = settings.text("url"); !url.empty()) read_url("url", url, options);
  }
  for (const std::string& url : urls) {
    if (!url.empty()) read_url("urls", url, options);
  }
  if (options.servers.empty()) refuse("url: is empty; write nats://host:port");
  if (const std::string prefix = settings.text("subject_prefix"); !prefix.empty()) options.subject_prefix = prefix;
  if (!is_subject_prefix(options.subject_prefix) || options.subject_prefix.size() > kLongestPrefix) {
    refuse("subject_prefix: at most 128 bytes, tokens of A-Z a-z 0-9 _ - with a dot behind each, as in signalbox.u.");
  }
  read_credentials(settings, options.credentials);
  read_tls(settings, options.tls);
  if (const auto bytes = settings.integer("publish_queue_bytes"); bytes > 0) {
    options.publish_queue_bytes = static_cast<std::size_t>(bytes);
  }
  return options;
}

}  // namespace signalbox::nats

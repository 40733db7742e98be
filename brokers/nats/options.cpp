#include "brokers/nats/options.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "brokers/common/url.hpp"
#include "brokers/nats/subject.hpp"

namespace signalbox::nats {
namespace {

using brokers::kMostServers;
using brokers::read_credential;
using brokers::refuse;

constexpr std::uint16_t kPort = 4222;
constexpr std::size_t kLongestPrefix = 128;  // with the longest channel and an inbox a line stays below the server's 4096

struct Found {
  Server server;
  Credentials credentials;
  bool tls = false;
};

/// The host in lower case: servers are compared, with those that they tell of too.
Found read_url(const std::string& key, const std::string& text) {
  const boost::urls::url_view url = brokers::parse_server_url(key, text, "nats", "tls");
  if (url.has_query() || url.has_fragment() || url.encoded_path().size() > 1) refuse(key + ": ends behind the port");
  std::string host = url.host_address();
  std::transform(host.begin(), host.end(), host.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool v6 = host.find(':') != std::string::npos;
  const std::string port = std::to_string(url.has_port() ? url.port_number() : kPort);
  Found found;
  found.server = {(v6 ? "nats://[" + host + "]:" : "nats://" + host + ":") + port, host};
  found.tls = url.scheme() == "tls";
  if (url.has_password()) {
    found.credentials.username = url.user();
    found.credentials.password = url.password();
  } else {
    found.credentials.token = url.user();
  }
  return found;
}

void use(const Found& found, Options& options) {
  options.credentials = found.credentials;
  options.tls.enabled = found.tls;
}

void read_urls(const std::vector<std::string>& urls, Options& options) {
  if (urls.size() > kMostServers) refuse("urls: at most " + std::to_string(kMostServers) + " servers");
  for (const std::string& url : urls) {
    const Found found = read_url("urls", url);
    if (options.servers.empty()) use(found, options);
    if (found.tls != options.tls.enabled) refuse("urls: begin all with nats:// or all with tls://");
    if (!(found.credentials == options.credentials)) refuse("urls: all have the same user and password, or token");
    if (std::find(options.servers.begin(), options.servers.end(), found.server) != options.servers.end()) {
      refuse("urls: name " + found.server.url + " twice");
    }
    options.servers.push_back(found.server);
  }
}

/// Either key names servers, never both: it would not be seen which one is meant.
void read_servers(const Settings& settings, Options& options) {
  const std::vector<std::string> urls = settings.list("urls");
  const std::string url = settings.text("url");
  if (!urls.empty()) {
    if (!url.empty() && url != kOptions[0].fallback) refuse("url: is for one server; urls names them already, remove one");
    return read_urls(urls, options);
  }
  if (url.empty()) refuse("url: is empty; write nats://host:port");
  const Found found = read_url("url", url);
  options.servers = {found.server};
  use(found, options);
}

void read_credentials(const Settings& settings, Credentials& credentials) {
  read_credential(settings, "username", credentials.username);
  read_credential(settings, "password", credentials.password);
  read_credential(settings, "token", credentials.token);
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

}  // namespace

Options read_options(const Settings& settings) {
  Options options;
  read_servers(settings, options);
  if (const std::string prefix = settings.text("subject_prefix"); !prefix.empty()) options.subject_prefix = prefix;
  if (!is_subject_prefix(options.subject_prefix) || options.subject_prefix.size() > kLongestPrefix) {
    refuse("subject_prefix: at most 128 bytes, tokens of A-Z a-z 0-9 _ - with a dot behind each, as in signalbox.u.");
  }
  read_credentials(settings, options.credentials);
  brokers::read_tls(settings, "tls://", options.tls);
  return options;
}

void check_files(const Options& options) {
  brokers::require_readable("nkey_seed_file", options.credentials.nkey_seed_file);
  brokers::require_readable("creds_file", options.credentials.creds_file);
  brokers::require_readable("tls_ca_file", options.tls.ca_file);
  brokers::require_readable("tls_certificate", options.tls.certificate);
  brokers::require_readable("tls_private_key", options.tls.private_key);
}

}  // namespace signalbox::nats

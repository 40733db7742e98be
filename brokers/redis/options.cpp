#include "brokers/redis/options.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "brokers/common/url.hpp"

namespace signalbox::redis {
namespace {

using brokers::kMostServers;
using brokers::read_credential;
using brokers::refuse;

struct Server {
  Endpoint endpoint;
  Login login;
  bool tls = false;
};

int read_database(const std::string& key, std::string_view path) {
  if (path.empty() || path == "/") return 0;
  path.remove_prefix(1);
  int number = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
  if (error != std::errc() || end != path.data() + path.size() || number < 0) {
    refuse(key + ": after the host comes a database number, as in redis://localhost:6379/0");
  }
  return number;
}

Server read_url(const std::string& key, const std::string& text) {
  const boost::urls::url_view url = brokers::parse_server_url(key, text, "redis", "rediss");
  if (url.has_query() || url.has_fragment()) refuse(key + ": takes no ?query and no #fragment; there are options for that");
  Server server;
  server.endpoint.host = url.host_address();
  if (url.has_port()) server.endpoint.port = url.port_number();
  server.login.username = url.user();
  server.login.password = url.password();
  server.login.database = read_database(key, std::string_view(url.encoded_path().data(), url.encoded_path().size()));
  server.tls = url.scheme() == "rediss";
  return server;
}

Mode read_mode(const std::string& mode) {
  if (mode == "sentinel") return Mode::sentinel;
  if (mode == "shards") return Mode::shards;
  if (mode == "cluster") return Mode::cluster;
  return Mode::single;
}

const char* word(Mode mode) {
  switch (mode) {
    case Mode::single: return "single";
    case Mode::sentinel: return "sentinel";
    case Mode::shards: return "shards";
    case Mode::cluster: return "cluster";
  }
  return "";
}

void use(const Server& server, Options& options) {
  options.login = server.login;
  options.tls.enabled = server.tls;
}

/// Names in lower case: they are compared, with those of other instances too.
void read_urls(const std::vector<std::string>& urls, Options& options) {
  if (urls.size() > kMostServers) refuse("urls: at most " + std::to_string(kMostServers) + " servers");
  options.endpoints.clear();
  for (const std::string& url : urls) {
    Server server = read_url("urls", url);
    std::string& host = server.endpoint.host;
    std::transform(host.begin(), host.end(), host.begin(), [](unsigned char c) { return std::tolower(c); });
    if (options.endpoints.empty()) use(server, options);
    if (server.tls != options.tls.enabled) refuse("urls: begin all with redis:// or all with rediss://");
    if (!(server.login == options.login)) refuse("urls: all have the same user, password and database");
    if (std::find(options.endpoints.begin(), options.endpoints.end(), server.endpoint) != options.endpoints.end()) {
      refuse("urls: name " + server.endpoint.text() + " twice");
    }
    options.endpoints.push_back(std::move(server.endpoint));
  }
}

/// Either key names servers, never both: it would not be seen which one is meant.
void read_servers(const Settings& settings, Options& options) {
  const std::vector<std::string> urls = settings.list("urls");
  const std::string url = settings.text("url");
  const std::string mode = word(options.mode);
  if (options.mode == Mode::single) {
    if (!urls.empty()) refuse("urls: are for modes sentinel, shards and cluster; mode single has url");
    if (url.empty()) refuse("url: is empty; write redis://host:port");
    const Server server = read_url("url", url);
    options.endpoints = {server.endpoint};
    return use(server, options);
  }
  if (!url.empty() && url != kOptions[0].fallback) refuse("url: is for mode single; mode " + mode + " has urls");
  if (urls.empty()) refuse("urls: name at least one server for mode " + mode + ", as in [redis://host:port]");
  read_urls(urls, options);
  if (options.mode == Mode::cluster && options.login.database != 0) refuse("urls: a cluster has database 0 only");
}

void read_sentinel(const Settings& settings, Options& options) {
  options.sentinel_login = {settings.text("sentinel_username"), settings.text("sentinel_password"), 0};
  if (!options.sentinel_login.username.empty() && options.sentinel_login.password.empty()) {
    refuse("sentinel_password: is missing for the sentinel_username");
  }
  if (options.mode != Mode::sentinel) return;
  options.sentinel_master = settings.text("sentinel_master");
  if (options.sentinel_master.empty()) refuse("sentinel_master: is the name that the sentinels have for the master");
  if (!(options.login == Login{})) {
    refuse("urls: name sentinels without user, password and database; username and password are the master's");
  }
}

}  // namespace

Options read_options(const Settings& settings) {
  Options options;
  options.mode = read_mode(settings.text("mode"));
  read_servers(settings, options);
  read_sentinel(settings, options);
  read_credential(settings, "username", options.login.username);
  read_credential(settings, "password", options.login.password);
  if (!options.login.username.empty() && options.login.password.empty()) refuse("password: is missing for the username");
  brokers::read_tls(settings, "rediss://", options.tls);
  options.subscriber_connections = options.mode == Mode::cluster ? 1 : 2;
  if (const auto connections = settings.integer("subscriber_connections"); connections > 0) {
    options.subscriber_connections = static_cast<std::size_t>(connections);
  }
  return options;
}

}  // namespace signalbox::redis

#include "brokers/nats/servers.hpp"

#include <algorithm>

namespace signalbox::nats {

std::string_view host_of(std::string_view url) noexcept {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.rfind(':'));
  return url.starts_with('[') ? url.substr(1, url.rfind(']') - 1) : url;
}

bool is_address(std::string_view host) noexcept {
  return host.find(':') != std::string_view::npos || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::vector<Server> cluster_of(const Server& teller, std::span<const std::string> urls) {
  std::vector<Server> cluster{teller};
  for (const std::string& url : urls) {
    const std::string_view host = host_of(url);
    cluster.push_back({url, is_address(host) && !is_address(teller.name) ? teller.name : std::string(host)});
  }
  return cluster;
}

void append_missing(std::vector<Server>& servers, std::span<const Server> more) {
  for (const Server& server : more) {
    const auto same = [&](const Server& one) { return one.url == server.url; };
    if (std::none_of(servers.begin(), servers.end(), same)) servers.push_back(server);
  }
}

}  // namespace signalbox::nats

#include "bench/http_get.hpp"

#include <array>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench/http_head.hpp"

namespace signalbox::bench {

HttpAnswer http_get(const std::string& address, std::uint16_t port, std::string_view path, std::string_view fields) {
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &peer.sin_addr) != 1) return {};
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::string got;
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0) {
    const std::string request =
        "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + std::string(fields) + "\r\n";
    std::array<char, 4096> buffer;
    ssize_t size = send(descriptor, request.data(), request.size(), MSG_NOSIGNAL);
    while (size > 0) {
      size = recv(descriptor, buffer.data(), buffer.size(), 0);
      if (size > 0) got.append(buffer.data(), static_cast<std::size_t>(size));
    }
  }
  close(descriptor);
  const std::optional<HttpHead> head = read_http_head(got);
  if (!head) return {};
  return {head->status, got.substr(head->size)};
}

}  // namespace signalbox::bench

#include "bench/http_load.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/http_head.hpp"

namespace signalbox::bench {

namespace {

constexpr std::string_view kGood = "HTTP/1.1 200 ";
constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr int kPatienceMilliseconds = 30'000;

[[noreturn]] void fail(const std::string& reason) { throw std::runtime_error("the HTTP API: " + reason); }

int dial(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0 || connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail(std::strerror(errno));
  }
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

std::string first_line(std::string_view bytes) { return std::string(bytes.substr(0, bytes.find('\r'))); }

}  // namespace

HttpLoad::HttpLoad(std::uint16_t port, std::size_t connections, std::size_t depth,
                   const std::function<std::string(std::size_t)>& request, std::string expected)
    : depth_(depth), expected_(std::move(expected)), epoll_(epoll_create1(EPOLL_CLOEXEC)), connections_(connections) {
  for (std::size_t n = 0; n < connections; ++n) {
    connections_[n].descriptor = dial(port);
    for (std::size_t i = 0; i < depth; ++i) connections_[n].batch += request(n);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = n;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[n].descriptor, &event) != 0) fail(std::strerror(errno));
  }
}

HttpLoad::~HttpLoad() {
  for (const Connection& connection : connections_) close(connection.descriptor);
  close(epoll_);
}

double HttpLoad::run(std::uint64_t requests) {
  const auto start = std::chrono::steady_clock::now();
  for (Connection& connection : connections_) send_batch(connection);
  std::uint64_t sent = connections_.size() * depth_;
  std::uint64_t answered = 0;
  while (answered < sent) {
    std::array<epoll_event, 64> events;
    const int happened = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kPatienceMilliseconds);
    if (happened == 0) fail("no answer");
    for (int i = 0; i < happened; ++i) {
      Connection& connection = connections_[events[static_cast<std::size_t>(i)].data.u64];
      answered += receive(connection);
      if (connection.unanswered > 0 || sent >= requests) continue;
      send_batch(connection);
      sent += depth_;
    }
  }
  return static_cast<double>(answered) / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// A batch is a few KiB, and the socket has been emptied by the server before the next.
void HttpLoad::send_batch(Connection& connection) const {
  const ssize_t sent = send(connection.descriptor, connection.batch.data(), connection.batch.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(connection.batch.size())) fail("a request was not taken whole");
  connection.unanswered = depth_;
}

std::size_t HttpLoad::receive(Connection& connection) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t size = recv(connection.descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (size <= 0) fail("the connection was closed");
  connection.in.append(buffer.data(), static_cast<std::size_t>(size));
  std::string_view bytes(connection.in);
  std::size_t answers = 0;
  while (connection.unanswered > 0 && take_answer(bytes)) {
    ++answers;
    --connection.unanswered;
  }
  connection.in.erase(0, connection.in.size() - bytes.size());
  return answers;
}

bool HttpLoad::take_answer(std::string_view& bytes) const {
  const std::optional<HttpHead> head = read_http_head(bytes);
  if (!head) return false;
  if (head->status != 200) fail(first_line(bytes));
  if (!head->length) fail("an answer without Content-Length");
  if (bytes.size() < head->size + *head->length) return false;
  const std::string_view body = bytes.substr(head->size, *head->length);
  if (!body.starts_with(expected_)) fail("it answered " + std::string(body));
  bytes.remove_prefix(head->size + *head->length);
  return true;
}

std::uint64_t post_bulk(std::uint16_t port, std::string_view path, std::string_view body, std::string_view counted) {
  const int descriptor = dial(port);
  std::string out = "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  out.append("Content-Type: application/x-ndjson\r\nContent-Length: ").append(std::to_string(body.size())).append(kEndOfHead);
  out += body;
  std::string_view left(out);
  std::string in;
  std::vector<char> buffer(256 * 1024);
  for (bool open = true; open;) {
    pollfd ready{.fd = descriptor, .events = static_cast<short>(left.empty() ? POLLIN : POLLIN | POLLOUT), .revents = 0};
    if (poll(&ready, 1, kPatienceMilliseconds) <= 0) fail("no answer");
    if ((ready.revents & POLLOUT) != 0) {
      const ssize_t sent = send(descriptor, left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) left.remove_prefix(static_cast<std::size_t>(sent));
    }
    if ((ready.revents & ~POLLOUT) == 0) continue;
    const ssize_t size = recv(descriptor, buffer.data(), buffer.size(), 0);
    open = size > 0;
    if (open) in.append(buffer.data(), static_cast<std::size_t>(size));
  }
  close(descriptor);
  if (!in.starts_with(kGood)) fail(first_line(in));
  std::uint64_t count = 0;
  for (std::size_t at = in.find(counted); at != std::string::npos; at = in.find(counted, at + counted.size())) ++count;
  return count;
}

}  // namespace signalbox::bench

#include "bench/bare.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <unordered_map>

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/client_pool.hpp"
#include "bench/schedule.hpp"
#include "websocket/frame.hpp"

namespace signalbox::bench {

namespace {

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

std::chrono::nanoseconds own_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void watch(int epoll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) throw_errno("epoll_ctl");
}

std::string handshake_answer() {
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
  answer.append(ClientPool::kAccept).append("\r\nSec-WebSocket-Protocol: signalbox.v1.json\r\n\r\n");
  websocket::append_frame(answer, websocket::Opcode::text, R"({"type":"registered"})");
  return answer;
}

// False when the connection is over.
bool answer_request(int descriptor, std::string& head, const std::string& answer) {
  std::array<char, 4096> buffer;
  const ssize_t size = recv(descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size <= 0) return size < 0 && errno == EAGAIN;
  head.append(buffer.data(), static_cast<std::size_t>(size));
  if (!head.ends_with("\r\n\r\n")) return true;
  head.clear();
  return send(descriptor, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size());
}

}  // namespace

BareListener::BareListener() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (descriptor_ < 0 || bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(descriptor_, 4096) != 0 || getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw_errno("a listening socket");
  }
  port_ = ntohs(address.sin_port);
}

BareListener::~BareListener() {
  for (const int socket : accepted_) close(socket);
  close(descriptor_);
}

int BareListener::accept_one() {
  const int socket = accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket < 0) throw_errno("accept");
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  accepted_.push_back(socket);
  return socket;
}

void send_whole(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) throw_errno("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::chrono::nanoseconds send_to_each(const std::vector<int>& sockets, std::string_view bytes) {
  const std::chrono::nanoseconds before = own_cpu_time();
  for (const int socket : sockets) {
    if (send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
      throw_errno("send");
    }
  }
  return own_cpu_time() - before;
}

int hold_connections(BareListener& listener, std::size_t connections, bool named) {
  malloc_trim(0);  // what the parent had freed before the fork would hide what is used from here on
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::unordered_map<std::string, int> users;
  while (listener.accepted().size() < connections) {
    const int socket = listener.accept_one();
    watch(epoll, socket);
    if (named) users.emplace("user-" + std::to_string(users.size()), socket);
  }
  for (;;) pause();
}

int ping_connections(BareListener& listener, std::size_t connections, std::chrono::milliseconds interval) {
  using Clock = std::chrono::steady_clock;
  // As many wakes as a server with a timer of 50 ms has.
  constexpr auto kTick = std::chrono::milliseconds(50);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  while (listener.accepted().size() < connections) watch(epoll, listener.accept_one());
  std::string ping;
  websocket::append_frame(ping, websocket::Opcode::ping, {});
  const Schedule schedule(Clock::now(), static_cast<double>(connections) / std::chrono::duration<double>(interval).count());
  std::uint64_t sent = 0;
  std::array<epoll_event, 256> events;
  std::array<char, 512> buffer;
  Clock::time_point tick = Clock::now();
  for (;;) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(tick - Clock::now());
    const int happened = epoll_wait(epoll, events.data(), static_cast<int>(events.size()),
                                    static_cast<int>(std::max(wait, wait.zero()).count()));
    for (int i = 0; i < happened; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT) == 0) return 0;  // the clients are gone
    }
    if (Clock::now() < tick) continue;
    tick += kTick;
    for (const std::uint64_t due = schedule.due(Clock::now()); sent < due; ++sent) {
      send(listener.accepted()[sent % connections], ping.data(), ping.size(), MSG_NOSIGNAL);
    }
  }
}

int answer_handshakes(BareListener& listener) {
  const std::string answer = handshake_answer();
  std::unordered_map<int, std::string> heads;
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener.descriptor());
  std::array<epoll_event, 256> events;
  for (;;) {
    const int happened = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < happened; ++i) {
      const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == listener.descriptor()) {
        watch(epoll, listener.accept_one());
      } else if (!answer_request(descriptor, heads[descriptor], answer)) {
        heads.erase(descriptor);
        close(descriptor);
      }
    }
  }
}

}  // namespace signalbox::bench

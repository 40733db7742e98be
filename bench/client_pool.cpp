#include "bench/client_pool.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace signalbox::bench {

namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";
constexpr std::size_t kLongestHead = 16 * 1024;
constexpr std::size_t kScratchBytes = 256 * 1024;

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x80 && (std::isalnum(byte) != 0 || std::strchr("-._~", letter) != nullptr)) {
      out += letter;
    } else {
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 0xF]});
    }
  }
  return out;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

// The value of a field in a response's head; empty if it is not there.
std::string_view field(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    std::string_view line = head.substr(at + 2);
    line = line.substr(0, line.find("\r\n"));
    if (line.size() <= name.size() || line[name.size()] != ':' || !same_word(line.substr(0, name.size()), name)) continue;
    line.remove_prefix(name.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line.substr(0, line.find_last_not_of(" \t") + 1);
  }
  return {};
}

}  // namespace

ClientPool::ClientPool(ClientOptions options, MessageHandler on_message)
    : options_(std::move(options)), on_message_(std::move(on_message)), scratch_(kScratchBytes) {
  peer_.sin_family = AF_INET;
  peer_.sin_port = htons(options_.port);
  if (inet_pton(AF_INET, options_.address.c_str(), &peer_.sin_addr) != 1) {
    throw std::invalid_argument("not an IPv4 address: " + options_.address);
  }
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

ClientPool::~ClientPool() {
  for (Client& client : clients_) shut(client);
  ::close(epoll_);
}

std::size_t ClientPool::add(std::string user_name) {
  clients_.emplace_back(std::move(user_name));
  return clients_.size() - 1;
}

void ClientPool::send_text(std::size_t client, std::string_view payload) {
  if (clients_[client].state >= State::open) send_frame(clients_[client], websocket::Opcode::text, payload);
}

void ClientPool::close(std::size_t number) {
  Client& client = clients_[number];
  if (client.state == State::open || client.state == State::ready) {
    send_frame(client, websocket::Opcode::close, websocket::close_payload(websocket::CloseCode::normal, {}));
  }
  shut(client);
}

void ClientPool::poll(std::chrono::milliseconds timeout) {
  while (next_ < clients_.size() && in_flight_ < options_.in_flight) start(next_++);
  std::array<epoll_event, 256> events;
  const int wait = options_.busy_poll ? 0 : static_cast<int>(timeout.count());
  const int happened = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait);
  for (int i = 0; i < happened; ++i) {
    handle(static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64), events[static_cast<std::size_t>(i)].events);
  }
}

bool ClientPool::wait_until(const std::function<bool()>& done, Clock::time_point deadline) {
  while (!done()) {
    if (Clock::now() >= deadline) return false;
    poll(std::chrono::milliseconds(10));
  }
  return true;
}

bool ClientPool::wait_ready(Clock::time_point deadline) {
  wait_until([this] { return next_ == clients_.size() && in_flight_ == 0; }, deadline);
  return ready_ == clients_.size();
}

void ClientPool::start(std::size_t number) {
  Client& client = clients_[number];
  if (client.state != State::waiting) return;
  client.descriptor = dial(number);
  client.state = State::connecting;
  ++in_flight_;
  if (client.descriptor < 0) {
    fail(client, std::string("connect: ") + std::strerror(errno));
    return;
  }
  // Edge-triggered and registered once: a client costs one epoll_ctl in its life.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = number;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, client.descriptor, &event) != 0) {
    fail(client, std::string("epoll_ctl: ") + std::strerror(errno));
  }
}

// A socket on its way to the server, or -1 and errno.
int ClientPool::dial(std::size_t number) const {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  bool good = true;
  if (ntohl(peer_.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) {
    sockaddr_in source{};
    source.sin_family = AF_INET;
    const auto offset = static_cast<std::uint32_t>(number / options_.clients_per_source);
    source.sin_addr.s_addr = htonl((std::uint32_t{IN_LOOPBACKNET} << 24) + options_.first_source + offset);
    // The port is chosen at connect(), when the peer is known, so that it need only be unique for that peer.
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    good = bind(descriptor, reinterpret_cast<const sockaddr*>(&source), sizeof source) == 0;
  }
  good = good && (connect(descriptor, reinterpret_cast<const sockaddr*>(&peer_), sizeof peer_) == 0 || errno == EINPROGRESS);
  if (good) return descriptor;
  const int reason = errno;
  ::close(descriptor);
  errno = reason;
  return -1;
}

void ClientPool::handle(std::size_t number, std::uint32_t events) {
  Client& client = clients_[number];
  if (client.state == State::connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) connected(number);
  if (client.descriptor >= 0 && (events & EPOLLOUT) != 0) flush(client);
  if (client.descriptor >= 0 && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
    // A short read has emptied the socket, unless its end, which comes with no event of its own, is already behind it.
    receive(number, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }
}

void ClientPool::connected(std::size_t number) {
  Client& client = clients_[number];
  int reason = 0;
  socklen_t size = sizeof reason;
  getsockopt(client.descriptor, SOL_SOCKET, SO_ERROR, &reason, &size);
  if (reason != 0) {
    fail(client, std::string("connect: ") + std::strerror(reason));
    return;
  }
  if (!options_.upgrade) {
    opened(number);
    return;
  }
  client.state = State::upgrading;
  client.out = "GET /";
  if (!client.user_name.empty()) client.out += "?user_name=" + percent_encoded(client.user_name);
  client.out += " HTTP/1.1\r\nHost: " + options_.address + ':' + std::to_string(options_.port);
  client.out += "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
  client.out += kKey;
  if (options_.envelope) client.out += "\r\nSec-WebSocket-Protocol: signalbox.v1.json";
  client.out += "\r\n\r\n";
}

void ClientPool::receive(std::size_t number, bool to_the_end) {
  Client& client = clients_[number];
  while (client.descriptor >= 0) {
    const ssize_t received = recv(client.descriptor, scratch_.data(), scratch_.size(), 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
      fail(client, received == 0 ? std::string("lost: end of stream") : std::string("lost: ") + std::strerror(errno));
      return;
    }
    const std::span<char> bytes(scratch_.data(), static_cast<std::size_t>(received));
    if (client.state == State::upgrading) {
      take_response(number, {bytes.data(), bytes.size()});
    } else {
      take_frames(number, bytes);
    }
    if (bytes.size() < scratch_.size() && !to_the_end) return;
  }
}

void ClientPool::take_response(std::size_t number, std::string_view bytes) {
  Client& client = clients_[number];
  client.head += bytes;
  const std::size_t end = client.head.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (client.head.size() > kLongestHead) fail(client, "refused: a response without end");
    return;
  }
  const std::string_view head = std::string_view(client.head).substr(0, end);
  if (!head.starts_with("HTTP/1.1 101 ")) {
    fail(client, "refused: " + std::string(head.substr(0, head.find("\r\n"))));
  } else if (field(head, "Sec-WebSocket-Accept") != kAccept) {
    fail(client, "refused: wrong Sec-WebSocket-Accept");
  } else if (field(head, "Sec-WebSocket-Protocol") != (options_.envelope ? "signalbox.v1.json" : "")) {
    fail(client, "refused: wrong Sec-WebSocket-Protocol");
  } else {
    std::string rest = client.head.substr(end + 4);
    std::string().swap(client.head);  // = {} would keep the memory, of a million clients too
    opened(number);
    take_frames(number, rest);
  }
}

void ClientPool::take_frames(std::size_t number, std::span<char> bytes) {
  Client& client = clients_[number];
  const websocket::DecoderLimits limits{.message_bytes = options_.message_bytes};
  while (client.descriptor >= 0) {
    const websocket::Event event = client.decoder.next(bytes, limits);
    switch (event.kind) {
      case websocket::Event::Kind::need_more: return;
      case websocket::Event::Kind::text:
      case websocket::Event::Kind::binary: take_message(number, event); break;
      case websocket::Event::Kind::ping:
        ++pings_;
        send_frame(client, websocket::Opcode::pong, event.payload);
        break;
      case websocket::Event::Kind::pong: break;
      case websocket::Event::Kind::close:
        send_frame(client, websocket::Opcode::close, websocket::close_payload(event.code, {}));
        fail(client, "closed: " + std::to_string(static_cast<int>(event.code)));
        break;
      case websocket::Event::Kind::error: fail(client, "protocol error: " + std::string(event.payload)); break;
    }
  }
}

void ClientPool::take_message(std::size_t number, const websocket::Event& event) {
  Client& client = clients_[number];
  if (client.state == State::open && event.payload.starts_with(R"({"type":"registered")")) {
    become_ready(number);
    return;
  }
  ++messages_;
  if (on_message_) on_message_(number, event.payload, event.kind == websocket::Event::Kind::binary);
}

void ClientPool::opened(std::size_t number) {
  Client& client = clients_[number];
  client.state = State::open;
  if (!options_.envelope || client.user_name.empty()) become_ready(number);
}

void ClientPool::become_ready(std::size_t number) {
  clients_[number].state = State::ready;
  ++ready_;
  --in_flight_;
  if (on_ready_) on_ready_(number);
}

void ClientPool::send_frame(Client& client, websocket::Opcode opcode, std::string_view payload) {
  if (client.descriptor < 0) return;
  websocket::append_masked_frame(client.out, opcode, payload, static_cast<std::uint32_t>(masks_()));
  flush(client);
}

void ClientPool::flush(Client& client) {
  while (!client.out.empty()) {
    const ssize_t sent = send(client.descriptor, client.out.data(), client.out.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return;  // full: an event will tell when to go on; broken: reading will tell why
    client.out.erase(0, static_cast<std::size_t>(sent));
  }
  std::string().swap(client.out);
}

void ClientPool::fail(Client& client, const std::string& reason) {
  if (client.state == State::closed) return;
  ++errors_[reason];
  ++failed_;
  shut(client);
}

void ClientPool::shut(Client& client) noexcept {
  if (client.state == State::connecting || client.state == State::upgrading || client.state == State::open) --in_flight_;
  if (client.state == State::ready) --ready_;
  client.state = State::closed;
  if (client.descriptor >= 0) ::close(client.descriptor);
  client.descriptor = -1;
}

}  // namespace signalbox::bench

#include "tests/support/hostile/swarm.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace signalbox::test::hostile {
namespace {

using Clock = std::chrono::steady_clock;

/// How long the loop sleeps at most: a stop() and an opening that is due are seen so soon.
constexpr int kSleepMs = 5;
/// Openings in a row before sockets that are open get their turn.
constexpr int kOpeningsPerTurn = 64;
constexpr std::size_t kReadBytes = 16 * 1024;

sockaddr_in loopback(std::uint16_t port, const char* address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  inet_pton(AF_INET, address, &result.sin_addr);
  return result;
}

bool would_block() { return errno == EAGAIN || errno == EINTR || errno == ENOTCONN; }

}  // namespace

Peer::~Peer() {
  const linger reset{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(descriptor_);
}

Swarm::Swarm(std::uint16_t port, std::unique_ptr<Behaviour> behaviour, const Options& options)
    : port_(port), behaviour_(std::move(behaviour)), options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  thread_ = std::thread([this] { run(); });
}

void Swarm::stop() {
  if (!thread_.joinable()) return;
  stop_ = true;
  thread_.join();
  close(epoll_);
}

Swarm::Counts Swarm::counts() const { return {opened_, ended_, failed_, sent_, open_}; }

void Swarm::run() {
  std::array<epoll_event, 256> events;
  Clock::time_point next_tick = Clock::now() + options_.tick;
  while (!stop_) {
    open_some();
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kSleepMs);
    for (int i = 0; i < count; ++i) {
      const auto found = peers_.find(events[static_cast<std::size_t>(i)].data.fd);
      if (found != peers_.end()) serve(*found->second, events[static_cast<std::size_t>(i)].events);
    }
    if (Clock::now() < next_tick) continue;
    next_tick += options_.tick;
    tick_all();
  }
  peers_.clear();
  open_ = 0;
}

void Swarm::open_some() {
  for (int i = 0; i < kOpeningsPerTurn; ++i) {
    const bool wanted = options_.again ? peers_.size() < options_.count : numbers_ < options_.count;
    if (!wanted || Clock::now() < next_opening_) return;
    next_opening_ = Clock::now() + options_.pause;
    if (!open_one()) return;
  }
}

bool Swarm::open_one() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) {
    ++failed_;
    return false;
  }
  auto peer = std::make_unique<Peer>(descriptor, numbers_++);
  if (const int bytes = behaviour_->receive_buffer_bytes(); bytes > 0) {
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  if (options_.source) {
    const int on = 1;
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const sockaddr_in source = loopback(0, options_.source);
    bind(descriptor, reinterpret_cast<const sockaddr*>(&source), sizeof source);
  }
  const sockaddr_in server = loopback(port_, "127.0.0.1");
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0 && errno != EINPROGRESS) {
    ++failed_;
    return false;
  }
  epoll_event event{};
  event.events = peer->events_ = EPOLLOUT;
  event.data.fd = descriptor;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  peers_.emplace(descriptor, std::move(peer));
  open_ = peers_.size();
  return true;
}

void Swarm::serve(Peer& peer, unsigned events) {
  if ((events & EPOLLERR) != 0 || (!behaviour_->reads() && (events & (EPOLLRDHUP | EPOLLHUP)) != 0)) {
    ++(peer.connected_ ? ended_ : failed_);
    end(peer);
    return;
  }
  if (!peer.connected_) {
    peer.connected_ = true;
    ++opened_;
    behaviour_->on_connected(peer);
  }
  if ((events & EPOLLIN) != 0 && !read_from(peer)) {
    ++ended_;
    end(peer);
    return;
  }
  await_events(peer);
}

/// False at the end of the stream.
bool Swarm::read_from(Peer& peer) {
  std::array<char, kReadBytes> bytes;
  const ssize_t count = recv(peer.descriptor_, bytes.data(), bytes.size(), 0);
  if (count > 0) behaviour_->on_received(peer, {bytes.data(), static_cast<std::size_t>(count)});
  return count > 0 || (count < 0 && would_block());
}

/// False once the connection has broken.
bool Swarm::write_to(Peer& peer) {
  if (peer.waiting_.empty() && !peer.finished_) peer.waiting_ = behaviour_->more(peer);
  if (peer.waiting_.empty()) {
    if (peer.finished_) shutdown(peer.descriptor_, SHUT_WR);
    return true;
  }
  const ssize_t count = ::send(peer.descriptor_, peer.waiting_.data(), peer.waiting_.size(), MSG_NOSIGNAL);
  if (count < 0) return would_block();
  sent_ += static_cast<std::uint64_t>(count);
  peer.waiting_.erase(0, static_cast<std::size_t>(count));
  return true;
}

/// Writes once, and has epoll say when there is more to do.
void Swarm::await_events(Peer& peer) {
  if (!write_to(peer)) {
    ++ended_;
    end(peer);
    return;
  }
  if (peer.leaving_) {
    end(peer);
    return;
  }
  if (peer.waiting_.empty() && !peer.finished_) peer.waiting_ = behaviour_->more(peer);
  unsigned wanted = peer.waiting_.empty() ? 0U : unsigned{EPOLLOUT};
  wanted |= behaviour_->reads() ? unsigned{EPOLLIN} : behaviour_->leaves_at_end() ? unsigned{EPOLLRDHUP} : 0U;
  if (wanted == peer.events_) return;
  epoll_event event{};
  event.events = peer.events_ = wanted;
  event.data.fd = peer.descriptor_;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.descriptor_, &event);
}

void Swarm::tick_all() {
  for (auto next = peers_.begin(); next != peers_.end();) {
    Peer& peer = *(next++)->second;
    if (!peer.connected_) continue;
    behaviour_->on_tick(peer);
    await_events(peer);
  }
}

void Swarm::end(Peer& peer) {
  peers_.erase(peer.descriptor_);
  open_ = peers_.size();
}

}  // namespace signalbox::test::hostile

#include "bench/loadtest/api_connection.hpp"

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/http_head.hpp"

namespace signalbox::bench {

namespace {

constexpr std::string_view kClose = "\r\nConnection: close";
constexpr std::size_t kBuffer = 64 * 1024;

}  // namespace

Outcome outcome_of(int status) noexcept {
  switch (status) {
    case 200: return Outcome::taken;
    case 404: return Outcome::not_connected;
    case 0:
    case 504: return Outcome::unknown;
    default: return Outcome::refused;
  }
}

ApiConnection::ApiConnection(int epoll, std::uint64_t data, const std::string& address, std::uint16_t port, Answered answered,
                             Written written)
    : epoll_(epoll),
      data_(data),
      address_(address),
      port_(port),
      answered_(std::move(answered)),
      written_(std::move(written)),
      scratch_(kBuffer) {
  dial();
}

ApiConnection::~ApiConnection() {
  if (descriptor_ >= 0) close(descriptor_);
}

void ApiConnection::dial() {
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(port_);
  if (inet_pton(AF_INET, address_.c_str(), &peer.sin_addr) != 1) throw std::runtime_error("not an IPv4 address: " + address_);
  descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  event.data.u64 = data_;
  const bool good =
      (connect(descriptor_, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0 || errno == EINPROGRESS) &&
      epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor_, &event) == 0;
  if (!good) lose();
}

void ApiConnection::lose() {
  close(descriptor_);
  descriptor_ = -1;
  connected_ = false;
  sent_ = 0;
  in_.clear();
  while (waiting_.size() > unwritten_) {
    const std::uint64_t number = waiting_.front().number;
    waiting_.pop_front();
    answered_(number, 0);
  }
}

void ApiConnection::request(std::uint64_t number, std::string_view bytes) {
  out_ += bytes;
  waiting_.push_back({number, bytes.size()});
  ++unwritten_;
}

void ApiConnection::exchange() {
  if (descriptor_ < 0) dial();
  if (descriptor_ >= 0 && !connected_) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    connected_ = getpeername(descriptor_, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
  }
  if (connected_) flush();
}

void ApiConnection::flush() {
  while (sent_ < out_.size()) {
    const ssize_t size = send(descriptor_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;  // full: the next turn tries again; broken: reading will tell
    sent_ += static_cast<std::size_t>(size);
  }
  std::size_t whole = 0;
  for (; unwritten_ > 0; --unwritten_) {
    const Request& request = waiting_[waiting_.size() - unwritten_];
    if (whole + request.size > sent_) break;
    whole += request.size;
    if (written_) written_(request.number);
  }
  out_.erase(0, whole);
  sent_ -= whole;
}

void ApiConnection::readable() {
  while (descriptor_ >= 0) {
    const ssize_t size = recv(descriptor_, scratch_.data(), scratch_.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      lose();
      return;
    }
    in_.append(scratch_.data(), static_cast<std::size_t>(size));
    while (descriptor_ >= 0 && take_answer()) {
    }
  }
}

bool ApiConnection::take_answer() {
  const std::optional<HttpHead> head = read_http_head(in_);
  if (!head) return false;
  if (head->status == 0 || !head->length || waiting_.empty()) {
    lose();
    return false;
  }
  if (in_.size() < head->size + *head->length) return false;
  const bool closes = std::string_view(in_).substr(0, head->size).find(kClose) != std::string_view::npos;
  const bool early = waiting_.size() == unwritten_;  // before its request was written: what follows of that is not read
  if (early) drop_unwritten();
  const std::uint64_t number = waiting_.front().number;
  waiting_.pop_front();
  in_.erase(0, head->size + *head->length);
  answered_(number, head->status);
  if (closes || early) lose();
  return descriptor_ >= 0;
}

void ApiConnection::drop_unwritten() {
  out_.erase(0, waiting_[waiting_.size() - unwritten_].size);
  sent_ = 0;
  --unwritten_;
}

}  // namespace signalbox::bench

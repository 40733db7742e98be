// One kept connection of a back end to the HTTP API, pipelined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "bench/loadtest/books.hpp"

namespace signalbox::bench {

/// The status of an HTTP answer as the outcome of the publish that it answers.
Outcome outcome_of(int status) noexcept;

/// Requests in call order, each with a number; answers come back in that order. Lost, it dials again by itself: what had been
/// written is answered with status 0 then, what had not waits.
///
/// Threading: one thread.
class ApiConnection {
 public:
  using Answered = std::function<void(std::uint64_t number, int status)>;
  /// Bytes that wait for the socket: beyond, congested().
  static constexpr std::size_t kOutBytes = 256 * 1024;

  /// `epoll` is told of its socket, edge-triggered, as `data`. Errors: std::runtime_error for an address that is none.
  ApiConnection(int epoll, std::uint64_t data, const std::string& address, std::uint16_t port, Answered answered);
  ApiConnection(const ApiConnection&) = delete;
  ApiConnection& operator=(const ApiConnection&) = delete;
  ~ApiConnection();

  /// To be called while it is not congested().
  void request(std::uint64_t number, std::string_view bytes);
  /// Not connected, or what has been said has not left.
  [[nodiscard]] bool congested() const noexcept { return !connected_ || out_.size() >= kOutBytes; }
  [[nodiscard]] std::size_t unanswered() const noexcept { return waiting_.size(); }

  /// Writes what there is as far as it goes; dials where there is no connection. To be called once a turn.
  void exchange();
  /// Reads. To be called when epoll says so.
  void readable();

 private:
  void dial();
  void flush();
  void lose();
  bool take_answer();

  int epoll_;
  std::uint64_t data_;
  std::string address_;
  std::uint16_t port_;
  Answered answered_;
  int descriptor_ = -1;
  bool connected_ = false;
  std::string out_;
  std::string in_;
  std::deque<std::uint64_t> waiting_;  // numbers of requests without an answer
};

}  // namespace signalbox::bench

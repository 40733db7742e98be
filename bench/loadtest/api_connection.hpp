// One kept connection of a back end to the HTTP API, pipelined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/loadtest/delivery_records.hpp"

namespace signalbox::bench {

/// The status of an HTTP answer as the outcome of the publish that it answers.
Outcome outcome_of(int status) noexcept;

/// Requests in call order, each with a number; answers come back in that order. Lost, it dials again by itself: a request that
/// had been written to its end is answered with status 0 then, others wait to be written again, as no server acts on a part.
///
/// Threading: one thread.
class ApiConnection {
 public:
  using Answered = std::function<void(std::uint64_t number, int status)>;
  using Written = std::function<void(std::uint64_t number)>;
  /// Bytes that wait for the socket: beyond, congested().
  static constexpr std::size_t kOutBytes = 256 * 1024;

  /// `epoll` is told of its socket, edge-triggered, as `data`. Errors: std::runtime_error for an address that is none.
  /// `written` is told of each request that is written to its end: a server may act on it from then on.
  ApiConnection(int epoll, std::uint64_t data, const std::string& address, std::uint16_t port, Answered answered,
                Written written = {});
  ApiConnection(const ApiConnection&) = delete;
  ApiConnection& operator=(const ApiConnection&) = delete;
  ~ApiConnection();

  /// To be called while it is not congested().
  void request(std::uint64_t number, std::string_view bytes);
  /// Not connected, or what has been said has not left.
  [[nodiscard]] bool congested() const noexcept { return !connected_ || out_.size() - sent_ >= kOutBytes; }
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
  /// The first of those that are not written to their end.
  void drop_unwritten();

  int epoll_;
  std::uint64_t data_;
  std::string address_;
  std::uint16_t port_;
  Answered answered_;
  Written written_;
  int descriptor_ = -1;
  bool connected_ = false;
  struct Request {
    std::uint64_t number;
    std::size_t size;
  };
  std::string out_;       // requests that are not written to their end
  std::size_t sent_ = 0;  // bytes of the first of them that are
  std::string in_;
  std::vector<char> scratch_;    // what is read goes through it
  std::deque<Request> waiting_;  // without an answer
  std::size_t unwritten_ = 0;    // the last of them, so many, are those in out_
};

}  // namespace signalbox::bench

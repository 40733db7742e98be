// A back end's side of the HTTP API under load, at its barest.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace signalbox::bench {

/// Keep-alive connections to a loopback port, each with the same request over and over, `depth` at a time: as
/// `redis-benchmark -c CONNECTIONS -P DEPTH` does it.
///
/// Errors: std::runtime_error where an answer is not 200 with `expected` in its body.
/// Threading: one thread.
class HttpLoad {
 public:
  /// `request(n)` is what connection n sends.
  HttpLoad(std::uint16_t port, std::size_t connections, std::size_t depth,
           const std::function<std::string(std::size_t)>& request, std::string expected);
  HttpLoad(const HttpLoad&) = delete;
  HttpLoad& operator=(const HttpLoad&) = delete;
  ~HttpLoad();

  /// At least `requests` more, over all connections: requests a second.
  double run(std::uint64_t requests);

 private:
  struct Connection {
    int descriptor = -1;
    std::string batch;  // `depth` requests
    std::string in;
    std::size_t unanswered = 0;
  };
  void send_batch(Connection& connection) const;
  std::size_t receive(Connection& connection);
  bool take_answer(std::string_view& bytes) const;

  std::size_t depth_;
  std::string expected_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
};

/// `POST path` with `body` on a connection of its own, in one piece; reads the answer to its end. How often `counted` stands in
/// it. Errors: std::runtime_error if the answer is not 200.
std::uint64_t post_bulk(std::uint16_t port, std::string_view path, std::string_view body, std::string_view counted);

}  // namespace signalbox::bench

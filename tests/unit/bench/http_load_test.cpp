#include "bench/http_load.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bare.hpp"
#include "bench/process.hpp"

namespace signalbox::bench {
namespace {

/// Reads once and writes `answer`, for each of `connections`, as often as it is asked.
Process answering(BareListener& listener, std::size_t connections, const std::string& answer) {
  return Process::fork_off([&listener, connections, answer] {
    for (std::size_t n = 0; n < connections; ++n) {
      const int socket = listener.accept_one();
      char buffer[4096];
      while (recv(socket, buffer, sizeof buffer, 0) > 0) send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    return 0;
  });
}

std::string request(std::size_t) { return "GET / HTTP/1.1\r\nHost: x\r\n\r\n"; }

TEST(HttpLoad, CountsEachAnswerOfAPipeline) {
  BareListener listener;
  const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nyes\n";
  const Process server = answering(listener, 1, one + one + one);
  HttpLoad load(listener.port(), 1, 3, request, "yes");
  EXPECT_GT(load.run(30), 0);
}

TEST(HttpLoad, RefusesAnotherAnswer) {
  for (const char* answer : {"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nyes\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nno\n", "HTTP/1.1 200 OK\r\n\r\nyes\n"}) {
    BareListener listener;
    const Process server = answering(listener, 1, answer);
    HttpLoad load(listener.port(), 1, 1, request, "yes");
    EXPECT_THROW(load.run(1), std::runtime_error) << answer;
  }
}

TEST(PostBulk, CountsWhatStandsInTheAnswer) {
  BareListener listener;
  const Process server = Process::fork_off([&] {
    const int socket = listener.accept_one();
    std::string_view answer = "HTTP/1.1 200 OK\r\n\r\n{\"delivered\":true}\n{\"delivered\":false}\n{\"delivered\":true}\n";
    char buffer[4096];
    recv(socket, buffer, sizeof buffer, 0);
    send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
    shutdown(socket, SHUT_WR);
    return recv(socket, buffer, sizeof buffer, 0) < 0 ? 1 : 0;
  });
  EXPECT_EQ(post_bulk(listener.port(), "/", "{}\n", "\"delivered\":true"), 2u);
}

}  // namespace
}  // namespace signalbox::bench

#include "bench/loadtest/census.hpp"

#include <stdexcept>

#include <sys/epoll.h>
#include <unistd.h>

#include "bench/interrupt.hpp"
#include "bench/loadtest/api_connection.hpp"

namespace signalbox::bench {

namespace {

constexpr std::size_t kPipelined = 64;
constexpr int kPatienceMilliseconds = 10'000;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(number_); }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

}  // namespace

std::size_t count_existing(const Endpoint& api, const std::string& api_key, std::size_t count,
                           const std::function<std::string(std::size_t)>& user) {
  std::size_t asked = 0, answered = 0, found = 0;
  const Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  ApiConnection connection(epoll.number(), 0, api.address, api.port, [&](std::uint64_t, int status) {
    if (status != 200 && status != 404)
      throw std::runtime_error("asked whether a user exists, the API answered " + std::to_string(status));
    ++answered;
    if (status == 200) ++found;
  });
  const std::string rest =
      " HTTP/1.1\r\nHost: localhost\r\n" + (api_key.empty() ? "" : "Authorization: Bearer " + api_key + "\r\n") + "\r\n";
  while (answered < count) {
    pause_for(std::chrono::milliseconds(0));
    connection.exchange();
    for (; asked < count && asked - answered < kPipelined && !connection.congested(); ++asked) {
      connection.request(asked, "GET /api/v1/users/" + user(asked) + rest);
    }
    connection.exchange();
    epoll_event event;
    // Before it is connected nothing may be said, and nothing is to be read.
    const int happened = epoll_wait(epoll.number(), &event, 1, asked == answered ? 1 : kPatienceMilliseconds);
    if (happened > 0) connection.readable();
    if (happened == 0 && asked > answered) throw std::runtime_error("asked whether a user exists, the API does not answer");
  }
  return found;
}

}  // namespace signalbox::bench

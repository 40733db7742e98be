#include "bench/loadtest/existence.hpp"

#include <random>
#include <span>
#include <stdexcept>

#include <sys/epoll.h>
#include <unistd.h>

#include "bench/interrupt.hpp"
#include "bench/loadtest/api_connection.hpp"

namespace signalbox::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPipelined = 64;
constexpr int kPauseMilliseconds = 100;

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

std::size_t ask(const Endpoint& api, const std::string& api_key, std::span<const std::string> users,
                std::chrono::milliseconds patience) {
  std::size_t asked = 0, answered = 0, found = 0;
  Clock::time_point moved = Clock::now();
  const Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  ApiConnection connection(epoll.number(), 0, api.address, api.port, [&](std::uint64_t, int status) {
    if (status != 200 && status != 404)
      throw std::runtime_error("asked whether a user exists, the API answered " + std::to_string(status));
    ++answered;
    if (status == 200) ++found;
    moved = Clock::now();
  });
  const std::string rest =
      " HTTP/1.1\r\nHost: localhost\r\n" + (api_key.empty() ? "" : "Authorization: Bearer " + api_key + "\r\n") + "\r\n";
  while (answered < users.size()) {
    // Until it is connected nothing may be said, and where nobody listens it has failed already: then it is dialled again.
    pause_for(std::chrono::milliseconds(connection.congested() ? 1 : 0));
    connection.exchange();
    for (; asked < users.size() && asked - answered < kPipelined && !connection.congested(); ++asked) {
      connection.request(asked, "GET /api/v1/users/" + users[asked] + rest);
    }
    connection.exchange();
    epoll_event event;
    if (epoll_wait(epoll.number(), &event, 1, asked == answered ? 0 : kPauseMilliseconds) > 0) connection.readable();
    if (Clock::now() - moved > patience) {
      throw std::runtime_error("asked whether a user exists, the API at http://" + api.address + ":" +
                               std::to_string(api.port) + " does not answer");
    }
  }
  return found;
}

}  // namespace

std::vector<std::size_t> draw_users(std::size_t users, std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::size_t> drawn;
  drawn.reserve(count);
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t begin = n * users / count;
    drawn.push_back(begin + random() % ((n + 1) * users / count - begin));
  }
  return drawn;
}

std::size_t count_existing(const std::vector<RunningInstance>& instances, const std::string& api_key,
                           const std::vector<std::string>& users, std::chrono::milliseconds patience) {
  std::size_t found = 0;
  const std::span<const std::string> all(users);
  for (std::size_t n = 0; n < instances.size(); ++n) {
    const std::size_t begin = n * users.size() / instances.size();
    const std::size_t end = (n + 1) * users.size() / instances.size();
    found += ask(instances[n].api, api_key, all.subspan(begin, end - begin), patience);
  }
  return found;
}

}  // namespace signalbox::bench

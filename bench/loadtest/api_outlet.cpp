#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <utility>

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "bench/loadtest/api_connection.hpp"
#include "bench/loadtest/outlet.hpp"

namespace signalbox::bench {

namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kConnectionsPerApi = 8;
/// While a connection is congested it is looked after so often, beside what epoll says.
constexpr nanoseconds kNap = std::chrono::milliseconds(1);

/// A message a request, pipelined over a few kept connections to each instance. All messages to one user go over one
/// connection.
class ApiOutlet final : public Outlet {
 public:
  ApiOutlet(const PublisherOptions& options, Callbacks callbacks) : options_(options), callbacks_(std::move(callbacks)) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    const std::size_t apis = options.apis.size();
    for (std::size_t n = 0; n < apis * kConnectionsPerApi; ++n) {
      lines_.emplace_back(epoll_, n, options.apis[n % apis], callbacks_);
    }
    if (!options.key.empty()) authorization_ = "Authorization: Bearer " + options.key + "\r\n";
  }
  ~ApiOutlet() override { close(epoll_); }
  ApiOutlet(const ApiOutlet&) = delete;
  ApiOutlet& operator=(const ApiOutlet&) = delete;

  void take(const LoadMessage& message) override { line_of(message.user).due.push_back(message); }

  void exchange(nanoseconds pause) override {
    for (Line& line : lines_) write(line);
    wait(pause);
  }

 private:
  struct Line {
    Line(int epoll, std::uint64_t data, const Endpoint& api, const Callbacks& callbacks)
        : connection(epoll, data, api.address, api.port, callbacks.answered, callbacks.sent) {}
    ApiConnection connection;
    std::deque<LoadMessage> due;  // bounded by the plan
  };

  /// Users are dealt over instances in turn, and here in turn again: half of two instances' users are another's.
  Line& line_of(std::uint32_t user) { return lines_[user / options_.apis.size() % lines_.size()]; }

  void write(Line& line) {
    while (!line.due.empty() && !line.connection.congested()) {
      const LoadMessage& message = line.due.front();
      compose(message);
      line.connection.request(message.number, request_);
      line.due.pop_front();
    }
    line.connection.exchange();
  }

  void compose(const LoadMessage& message) {
    request_ = "POST /api/v1/users/";
    request_.append(options_.user_prefix).append(std::to_string(message.user));
    request_.append("/messages HTTP/1.1\r\nHost: localhost\r\n").append(authorization_);
    request_.append("Content-Length: ").append(std::to_string(options_.message_bytes)).append("\r\n\r\n");
    message.append_to(request_, options_.message_bytes);
  }

  /// Until something can be read.
  void wait(nanoseconds pause) {
    const bool congested = std::any_of(lines_.begin(), lines_.end(),
                                       [](const Line& line) { return !line.due.empty() || line.connection.congested(); });
    if (congested) pause = std::min(pause, kNap);
    const timespec timeout{.tv_sec = pause.count() / 1'000'000'000, .tv_nsec = pause.count() % 1'000'000'000};
    std::array<epoll_event, 64> events;
    const int happened = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < happened; ++i) lines_[events[static_cast<std::size_t>(i)].data.u64].connection.readable();
  }

  const PublisherOptions& options_;
  const Callbacks callbacks_;
  int epoll_ = -1;
  std::deque<Line> lines_;  // never moved
  std::string authorization_;
  std::string request_;
};

}  // namespace

std::unique_ptr<Outlet> api_outlet(const PublisherOptions& options, Outlet::Callbacks callbacks) {
  return std::make_unique<ApiOutlet>(options, std::move(callbacks));
}

}  // namespace signalbox::bench

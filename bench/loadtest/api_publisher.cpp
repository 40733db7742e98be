#include "bench/loadtest/api_publisher.hpp"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <exception>
#include <stdexcept>
#include <string_view>

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "bench/loadtest/api_connection.hpp"
#include "bench/loadtest/message.hpp"
#include "bench/schedule.hpp"

namespace signalbox::bench {

namespace {

using Clock = Schedule::Clock;
using std::chrono::nanoseconds;

/// While a connection is congested it is looked after so often, beside what epoll says.
constexpr nanoseconds kNap = std::chrono::milliseconds(1);

}  // namespace

class ApiPublisher::Load {
 public:
  Load(const PublisherOptions& options, const Plan& plan, Books& books, const Leg& leg, Clock::time_point start, Shared& shared,
       SharedLatencies& lag)
      : options_(options),
        plan_(plan),
        books_(books),
        leg_(leg),
        schedule_(start, leg.per_second),
        next_(leg.first),
        shared_(shared),
        lag_(lag) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    const std::size_t apis = options.apis.size();
    for (std::size_t n = 0; n < apis * kConnectionsPerApi; ++n) {
      const Endpoint& api = options.apis[n % apis];
      lines_.emplace_back(epoll_, n, api, [this](std::uint64_t number, int status) { answered(number, status); });
    }
    if (!options.key.empty()) authorization_ = "Authorization: Bearer " + options.key + "\r\n";
    shared_.timeline.begin(intended(leg.measured_from()));
  }
  ~Load() { close(epoll_); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void run() {
    moved_ = Clock::now();
    while (shared_.answered < leg_.warmup + leg_.messages) {
      const Clock::time_point now = Clock::now();
      hand_out(now);
      for (Line& line : lines_) write(line);
      wait(Clock::now());
      if (now - moved_ > kPatience && now - schedule_.intended(shared_.answered) > kPatience) {
        throw std::runtime_error("the HTTP API has not answered for " + std::to_string(kPatience.count()) + " s");
      }
    }
  }

 private:
  struct Line {
    Line(int epoll, std::uint64_t data, const Endpoint& api, ApiConnection::Answered answered)
        : connection(epoll, data, api.address, api.port, std::move(answered)) {}
    ApiConnection connection;
    std::deque<std::uint64_t> due;  // numbers of messages whose time has come; bounded by the plan
  };

  [[nodiscard]] Clock::time_point intended(std::uint64_t number) const { return schedule_.intended(number - leg_.first); }

  /// Users are dealt over instances in turn, and here in turn again: half of two instances' users are another's.
  Line& line_of(std::uint32_t user) { return lines_[user / options_.apis.size() % lines_.size()]; }

  void hand_out(Clock::time_point now) {
    const std::uint64_t due = leg_.first + std::min(schedule_.due(now), leg_.warmup + leg_.messages);
    for (; next_ < due; ++next_) {
      if (next_ >= leg_.measured_from()) {
        lag_.record(now - intended(next_));
        shared_.timeline.count(intended(next_), nanoseconds(0));
      }
      line_of(plan_.user(next_)).due.push_back(next_);
    }
  }

  void write(Line& line) {
    while (!line.due.empty() && !line.connection.congested()) {
      compose(line.due.front());
      line.connection.request(line.due.front(), request_);
      // Until it is answered: should this process end before, nobody knows.
      books_.answered(line.due.front(), Outcome::unknown);
      line.due.pop_front();
      ++shared_.sent;
    }
    line.connection.exchange();
  }

  void compose(std::uint64_t number) {
    const std::uint32_t user = plan_.user(number);
    request_ = "POST /api/v1/users/";
    request_.append(options_.user_prefix).append(std::to_string(user));
    request_.append("/messages HTTP/1.1\r\nHost: localhost\r\n").append(authorization_);
    request_.append("Content-Length: ").append(std::to_string(options_.message_bytes)).append("\r\n\r\n");
    LoadMessage{intended(number), number, user, plan_.sequence(number)}.append_to(request_, options_.message_bytes);
  }

  void answered(std::uint64_t number, int status) {
    books_.answered(number, outcome_of(status));
    ++shared_.statuses[static_cast<std::size_t>(status) % kStatuses];
    ++shared_.answered;
    moved_ = Clock::now();
  }

  /// Until something can be read or the next message is due.
  void wait(Clock::time_point now) {
    const bool congested = std::any_of(lines_.begin(), lines_.end(),
                                       [](const Line& line) { return !line.due.empty() || line.connection.congested(); });
    nanoseconds pause = next_ < leg_.end() ? nanoseconds(intended(next_) - now) : nanoseconds(kNap * 100);
    if (congested) pause = std::min(pause, kNap);
    pause = std::max(pause, nanoseconds(0));
    const timespec timeout{.tv_sec = pause.count() / 1'000'000'000, .tv_nsec = pause.count() % 1'000'000'000};
    std::array<epoll_event, 64> events;
    const int happened = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < happened; ++i) lines_[events[static_cast<std::size_t>(i)].data.u64].connection.readable();
  }

  const PublisherOptions& options_;
  const Plan& plan_;
  Books& books_;
  const Leg leg_;
  Schedule schedule_;
  std::uint64_t next_;  // the first that was not due
  Shared& shared_;
  SharedLatencies& lag_;
  int epoll_ = -1;
  std::deque<Line> lines_;  // never moved
  std::string authorization_;
  std::string request_;
  Clock::time_point moved_{};
};

ApiPublisher::ApiPublisher(const PublisherOptions& options, const Plan& plan, Books& books, const Leg& leg,
                           Timeline::Clock::time_point start)
    : shared_(share<Shared>()),
      lag_(leg.messages),
      process_(Process::fork_off([&] { return run(options, plan, books, leg, start); })) {}

int ApiPublisher::run(const PublisherOptions& options, const Plan& plan, Books& books, const Leg& leg,
                      Timeline::Clock::time_point start) {
  prctl(PR_SET_TIMERSLACK, 1UL);  // else each wait is 50 us longer than was asked for
  try {
    Load(options, plan, books, leg, start, *shared_, lag_).run();
  } catch (const std::exception& error) {
    std::string_view(error.what()).copy(shared_->fault.data(), shared_->fault.size() - 1);
  }
  shared_->done = true;
  for (;;) pause();  // so that its CPU time can still be asked for
}

bool ApiPublisher::done() noexcept { return shared_->done || !process_.running(); }

}  // namespace signalbox::bench

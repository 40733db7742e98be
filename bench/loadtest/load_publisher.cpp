#include "bench/loadtest/load_publisher.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string_view>

#include <sys/prctl.h>
#include <unistd.h>

#include "bench/loadtest/api_connection.hpp"
#include "bench/schedule.hpp"

namespace signalbox::bench {

namespace {

using std::chrono::nanoseconds;

/// Once all has been sent, and before the first is due.
constexpr nanoseconds kPause = std::chrono::milliseconds(100);

}  // namespace

class LoadPublisher::Load {
 public:
  Load(const PublisherOptions& options, const Plan& plan, DeliveryRecords& records, const Leg& leg, Shared& shared,
       SharedLatencies& lag)
      : plan_(plan), records_(records), leg_(leg), next_(leg.first), shared_(shared), lag_(lag) {
    const Outlet::Callbacks callbacks{.sent = [this](std::uint64_t number) { sent(number); },
                                      .answered = [this](std::uint64_t number, int status) { answered(number, status); }};
    outlet_ = options.via_broker ? broker_outlet(options, callbacks) : api_outlet(options, callbacks);
  }

  void run() {
    while (shared_.start == 0) outlet_->exchange(std::chrono::milliseconds(1));
    schedule_ = Schedule(Clock::time_point(Clock::duration(shared_.start)), leg_.per_second);
    shared_.moved = Clock::now().time_since_epoch().count();
    shared_.timeline.begin(intended(leg_.measured_from()));
    while (shared_.answered < leg_.warmup + leg_.messages) {
      const Clock::time_point now = Clock::now();
      hand_out(now);
      outlet_->exchange(until_next(Clock::now()));
      const Clock::time_point moved{Clock::duration(shared_.moved)};
      if (now - moved > kPatience && now - schedule_.intended(shared_.answered) > kPatience) {
        throw std::runtime_error("no answer for " + std::to_string(kPatience.count()) + " s");
      }
    }
  }

 private:
  [[nodiscard]] Clock::time_point intended(std::uint64_t number) const { return schedule_.intended(number - leg_.first); }

  void hand_out(Clock::time_point now) {
    const std::uint64_t due = leg_.first + std::min(schedule_.due(now), leg_.warmup + leg_.messages);
    for (; next_ < due; ++next_) {
      if (next_ >= leg_.measured_from()) {
        lag_.record(now - intended(next_));
        shared_.timeline.count(intended(next_), nanoseconds(0));
      }
      outlet_->take({intended(next_), next_, plan_.user(next_), plan_.sequence(next_)});
    }
  }

  [[nodiscard]] nanoseconds until_next(Clock::time_point now) const {
    return next_ < leg_.end() ? std::max(nanoseconds(intended(next_) - now), nanoseconds(0)) : kPause;
  }

  void sent(std::uint64_t number) {
    // Until it is answered: should this process end before, nobody knows.
    records_.answered(number, Outcome::unknown);
    ++shared_.sent;
  }

  void answered(std::uint64_t number, int status) {
    records_.answered(number, outcome_of(status));
    ++shared_.statuses[static_cast<std::size_t>(status) % kStatuses];
    shared_.moved = Clock::now().time_since_epoch().count();
    ++shared_.answered;
  }

  const Plan& plan_;
  DeliveryRecords& records_;
  const Leg leg_;
  Schedule schedule_{{}, 1};
  std::uint64_t next_;  // the first that was not due
  Shared& shared_;
  SharedLatencies& lag_;
  std::unique_ptr<Outlet> outlet_;  // the last: what it calls back is above
};

LoadPublisher::LoadPublisher(const PublisherOptions& options, const Plan& plan, DeliveryRecords& records, const Leg& leg)
    : shared_(share<Shared>()), process_(Process::fork_off([&] { return run(options, plan, records, leg); })) {}

int LoadPublisher::run(const PublisherOptions& options, const Plan& plan, DeliveryRecords& records, const Leg& leg) {
  prctl(PR_SET_TIMERSLACK, 1UL);  // else each wait is 50 us longer than was asked for
  try {
    Load load(options, plan, records, leg, *shared_, lag_);
    shared_->ready = true;
    load.run();
    shared_->done = true;
  } catch (const std::exception& error) {
    std::string_view(error.what()).copy(shared_->fault.data(), shared_->fault.size() - 1);
    shared_->done = true;
  }
  for (;;) pause();  // so that its CPU time can still be asked for
}

bool LoadPublisher::ready() {
  if (shared_->ready) return true;
  if (done()) throw std::runtime_error(fault().empty() ? "the publisher is gone" : fault());
  return false;
}

}  // namespace signalbox::bench

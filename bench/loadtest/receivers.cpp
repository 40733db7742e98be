#include "bench/loadtest/receivers.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "bench/loadtest/message.hpp"
#include "bench/loadtest/tally.hpp"

namespace signalbox::bench {

namespace {

constexpr std::string_view kMessage = R"({"type":"message","data":")";
constexpr std::string_view kAnyMessage = R"({"type":"message")";
constexpr std::string_view kNotice = R"({"type":")";
constexpr std::string_view kGap = R"({"type":"gap")";

}  // namespace

// Reads what the clients get.
class Receivers::Recorder {
 public:
  Recorder(const Share& share, const Plan& plan, DeliveryRecords& records, Shared& shared, SharedLatencies& latencies)
      : share_(share), plan_(plan), records_(records), shared_(shared), latencies_(latencies), tallies_(share.clients) {}

  void take(std::size_t client, std::string_view frame) {
    const Timeline::Clock::time_point now = Timeline::Clock::now();
    if (frame.starts_with(kGap)) {
      shared_.gaps += since_measured(now);
      return;
    }
    if (frame.starts_with(kNotice) && !frame.starts_with(kAnyMessage)) return;  // registered again after an outage, say
    const auto message = frame.starts_with(kMessage) ? LoadMessage::read(frame.substr(kMessage.size())) : std::nullopt;
    if (!message || message->number >= plan_.messages()) {
      shared_.unexpected += since_measured(now);
      return;
    }
    if (message->user != share_.user(client) || plan_.user(message->number) != message->user) {
      shared_.misdelivered += measured(message->number) ? 1U : 0U;
      return;
    }
    record(client, *message, now);
  }

 private:
  /// 1 from when the first measured message was due, for what belongs to no message.
  [[nodiscard]] std::uint64_t since_measured(Timeline::Clock::time_point now) const {
    return now.time_since_epoch().count() >= shared_.measured_since ? 1 : 0;
  }
  [[nodiscard]] bool measured(std::uint64_t number) const {
    return number >= shared_.measured_from && number < shared_.measured_end;
  }

  void record(std::size_t client, const LoadMessage& message, Timeline::Clock::time_point now) {
    const bool measured = this->measured(message.number);
    const std::uint64_t one = measured ? 1 : 0;
    const Tally::Arrival arrival = tallies_[client].take(plan_.sequence(message.number), plan_.messages_to(message.user));
    if (arrival == Tally::Arrival::duplicate) {
      shared_.duplicates += one;
      return;
    }
    if (arrival == Tally::Arrival::reordered) shared_.reordered += one;
    records_.delivered(message.number);
    if (!measured) return;
    ++shared_.delivered;
    shared_.last_delivery = now.time_since_epoch().count();
    latencies_.record(now - message.intended);
    shared_.timeline.count(now, now - message.intended);
  }

  const Share& share_;
  const Plan& plan_;
  DeliveryRecords& records_;
  Shared& shared_;
  SharedLatencies& latencies_;
  std::vector<Tally> tallies_;
};

Receivers::Counts& Receivers::Counts::operator+=(const Counts& other) noexcept {
  for (const auto member : {&Counts::registered, &Counts::clients_lost, &Counts::delivered, &Counts::duplicates,
                            &Counts::reordered, &Counts::misdelivered, &Counts::gaps, &Counts::unexpected}) {
    this->*member += other.*member;
  }
  return *this;
}

Receivers::Receivers(ClientOptions options, Share share, std::string prefix, const Plan& plan, DeliveryRecords& records)
    : share_(share),
      shared_(bench::share<Shared>()),
      process_(Process::fork_off([&] { return hold(options, prefix, plan, records); })) {}

int Receivers::hold(const ClientOptions& options, const std::string& prefix, const Plan& plan, DeliveryRecords& records) {
  Recorder recorder(share_, plan, records, *shared_, latencies_);
  ClientOptions envelope = options;
  envelope.envelope = true;
  ClientPool pool(envelope, [&](std::size_t client, std::string_view frame, bool) { recorder.take(client, frame); });
  for (std::size_t n = 0; n < share_.clients; ++n) pool.add(prefix + std::to_string(share_.user(n)));
  for (;;) {  // until this process is stopped
    pool.poll(std::chrono::milliseconds(100));
    shared_->registered = pool.ready();
    shared_->failures.take(pool);
  }
}

void Receivers::begin(const Leg& leg, Timeline::Clock::time_point time) noexcept {
  for (std::atomic<std::uint64_t>* count : {&shared_->delivered, &shared_->duplicates, &shared_->reordered,
                                            &shared_->misdelivered, &shared_->gaps, &shared_->unexpected}) {
    *count = 0;
  }
  latencies_.forget();
  shared_->measured_since = time.time_since_epoch().count();
  shared_->timeline.begin(time);
  shared_->measured_from = leg.measured_from();
  shared_->measured_end = leg.end();
}

Receivers::Counts Receivers::counts() const noexcept {
  return {.registered = shared_->registered,
          .clients_lost = shared_->failures.count(),
          .delivered = shared_->delivered,
          .duplicates = shared_->duplicates,
          .reordered = shared_->reordered,
          .misdelivered = shared_->misdelivered,
          .gaps = shared_->gaps,
          .unexpected = shared_->unexpected};
}

}  // namespace signalbox::bench

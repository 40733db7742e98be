// The contract between Signalbox and a message broker. This header alone is enough to write a broker; plugin.hpp turns
// the class into a shared library. The conformance suite proves each sentence here on every broker.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>

#include "signalbox/errc.hpp"
#include "signalbox/unique_function.hpp"

namespace signalbox {

/// The outcome of a call: a code, and the broker's own words with secrets removed.
/// Lifetime: `detail` lives for the callback that is given it.
struct Status {
  std::error_code code;
  std::string_view detail;

  [[nodiscard]] bool ok() const noexcept { return !code; }
};

/// What a receivers count means, the weakest promise first.
enum class Precision {
  unknown,   ///< no count at all
  estimate,  ///< from a table that may lag: the core asks exists() before it publishes
  at_least,  ///< 0 is exact; a positive number may be too small
  exact,     ///< every instance that held the subscription when the broker took the message, and no other
};

/// How many instances a publish reached, as far as the broker can tell. Never a proof of delivery to a socket.
struct Receivers {
  std::uint64_t count = 0;
  Precision precision = Precision::unknown;
};

/// How exists() comes by its answer, the weakest promise first.
enum class ExistsKind {
  unsupported,    ///< exists() always fails with errc::unsupported
  replicated,     ///< from a local copy of a table, with the lag that the plugin documents
  probed,         ///< the instance that holds the subscription answers
  authoritative,  ///< the server that holds the subscriptions is asked
};

/// What a broker promises beyond the contract. Constant once the broker is ready: a server that offers less later on is
/// State::failed with "config: ".
struct Capabilities {
  Precision receivers = Precision::unknown;
  ExistsKind exists = ExistsKind::unsupported;
  /// After subscribe is done, how long until publishes from elsewhere reach us and exists() elsewhere says yes. 0: at once.
  std::chrono::milliseconds propagation_hint{0};
  /// How long exists() may say yes for an instance whose host has died. 0: never; max(): not known.
  std::chrono::milliseconds dead_host_bound = std::chrono::milliseconds::max();
  /// Largest payload in bytes. Below HostInfo::payload_bytes the server is not ready.
  std::size_t max_payload_bytes = 0;
  /// True if an outage loses nothing, so that a return to ready needs no gap.
  bool continuity = false;
};

/// Where a broker stands. connecting → ready ⇄ degraded → failed (still retrying, slowly) → closed.
enum class State {
  connecting,  ///< not ready since start()
  ready,       ///< every connection up, the loopback probe answered, every channel wanted confirmed or its subscribe open
  degraded,    ///< was ready; a link is lost, a probe missed or a confirmation overdue
  failed,      ///< authentication or configuration is wrong: reasons begin with "auth: " or "config: "
  closed,      ///< after stop()
};

/// The words for these, as they stand in HTTP answers, metrics and logs.
constexpr const char* word(Precision precision) noexcept {
  constexpr const char* kWords[] = {"unknown", "estimate", "at_least", "exact"};
  return kWords[static_cast<int>(precision)];
}
constexpr const char* word(ExistsKind kind) noexcept {
  constexpr const char* kWords[] = {"unsupported", "replicated", "probed", "authoritative"};
  return kWords[static_cast<int>(kind)];
}
constexpr const char* word(State state) noexcept {
  constexpr const char* kWords[] = {"connecting", "ready", "degraded", "failed", "closed"};
  return kWords[static_cast<int>(state)];
}

/// One message for one channel. Lifetime: both views live for the call that hands them over.
struct Message {
  std::string_view channel;
  std::string_view payload;
};

enum class LogLevel { debug, info, warning, error };

/// What the host tells a broker about itself. Lifetime: until the broker is destroyed.
struct HostInfo {
  /// Unique among all instances; goes into connection names and private channels.
  std::string_view instance_id;
  /// Every channel of this host begins with it. PREFIX + 0x02 + name is the broker's own to use (probes, inboxes);
  /// PREFIX + 0x01 + name is the core's.
  std::string_view channel_prefix;
  /// The deadline of each call.
  std::chrono::milliseconds call_timeout{2000};
  /// The largest payload that the host will publish, its envelope included.
  std::size_t payload_bytes = 65536 + 32;
};

/// What a broker may call. Implemented by the host.
///
/// Threading: any thread of the plugin; nothing here blocks.
/// Lifetime: outlives the broker. No call after Broker::stop() has returned.
class Host {
 public:
  virtual ~Host() = default;

  [[nodiscard]] virtual const HostInfo& info() const noexcept = 0;

  [[nodiscard]] virtual bool log_enabled(LogLevel level) const noexcept = 0;
  /// Logs one line under the broker's name. Must hold no secret.
  virtual void log(LogLevel level, std::string_view text) noexcept = 0;

  /// Hands over messages as they were read, in order. The host copies and returns at once: a broker never slows its
  /// reading for it. Never two calls at once for one channel. Messages of channels that are not subscribed are ignored.
  virtual void deliver(std::span<const Message> messages) noexcept = 0;

  /// Messages of these channels may have been missed. No channels: all that are wanted.
  /// Called on each return to ready after an outage and for each drop, unless continuity is proven: that nothing was missed,
  /// and that nobody was told "not connected" of a channel held here.
  virtual void gap(std::span<const std::string_view> channels, std::string_view reason) noexcept = 0;

  /// Reports a change of state, with what is wrong now. Never two calls at once.
  /// Ordering: when `ready` is reported, every subscribe that has completed `unavailable` until then, is still wanted and was
  /// not refused is confirmed.
  virtual void state(State state, std::span<const std::string_view> reasons) noexcept = 0;

  /// `channel` was wanted and its subscribe has completed, with success or `unavailable`; now the broker refuses it
  /// (`why` is what a subscribe would have completed with, say `rejected`). It is wanted no more.
  virtual void refused(std::string_view channel, const Status& why) noexcept = 0;
};

using Done = UniqueFunction<void(Status)>;
using PublishDone = UniqueFunction<void(Status, Receivers)>;
using ExistsDone = UniqueFunction<void(Status, bool exists)>;

/// A message broker: four verbs on channels of 1 to 768 arbitrary bytes.
///
/// Threading: every method may be called from any thread, between start() and stop() from several at once, and from inside
/// a callback; none blocks. Callbacks come from the broker's own threads, never inside the calling stack, under no lock of
/// the broker, and return at once. Deliveries and the completions of subscribe and unsubscribe never overlap for one channel;
/// those of publish and exists may.
/// Lifetime: views that are passed in live for the call only: copy what is needed. Views given to a callback live for it.
/// Errors: each call completes exactly once, within HostInfo::call_timeout; stop() completes what is left with
/// `closed`, and the host calls no verb from then on. A channel of 0 or more than 768 bytes is `invalid_argument`. Nothing
/// throws.
class Broker {
 public:
  virtual ~Broker() = default;

  /// Begins to connect and returns. That the server is away is no error: the state tells. Reconnects for ever, after
  /// pauses drawn up to a limit that doubles with the length of the outage from 100 ms to 5 s, and subscribes again to every
  /// wanted channel.
  /// Threading: called once, before any verb.
  virtual void start(Host& host) = 0;

  /// Wants `channel`; done means that a publish which starts afterwards (plus propagation_hint) reaches this host.
  /// A set operation: wanting it twice changes nothing and completes as the first does.
  ///
  /// Errors: `unavailable` past the deadline: still wanted, and confirmed by the next entry into ready. `rejected`,
  /// `invalid_argument`, `unsupported`, `closed`: not wanted any more. `superseded`: overtaken by an unsubscribe.
  virtual void subscribe(std::string_view channel, Done done) = 0;

  /// Wants `channel` no longer. After done there is no delivery for it. Never wanted: done with success.
  ///
  /// Errors: while the link is down it is done at once. `superseded`: overtaken by a subscribe.
  virtual void unsubscribe(std::string_view channel, Done done) = 0;

  /// Hands `payload` (any bytes, also none) to every host subscribed to `channel`, this one included, at most once each.
  ///
  /// Errors: `unavailable` (the link is down or the routes are not known: fails at once, nothing is ever buffered for later),
  /// `overloaded` (the bounded queue is full) and `too_large` mean surely not sent; `unknown_outcome`: the answer was lost or
  /// late, never retried; `rejected`: access control. Ordering: calls of one thread to one channel arrive in call order.
  virtual void publish(std::string_view channel, std::string_view payload, PublishDone done) = 0;

  /// Asks whether any host is subscribed to `channel`.
  ///
  /// Errors: `unavailable` if it can't be known now. Never a guess.
  virtual void exists(std::string_view channel, ExistsDone done) = 0;

  /// May change until the first `ready`, then constant.
  [[nodiscard]] virtual Capabilities capabilities() const = 0;

  /// Unsubscribes in order as far as `deadline` allows, completes every open call with `closed`, ends its threads.
  /// After it returns there is no callback, and no thread that can reach the host (threads that a client library keeps for
  /// the process may stay).
  /// Threading: called once, from a thread that is not the broker's.
  virtual void stop(std::chrono::milliseconds deadline) = 0;
};

}  // namespace signalbox

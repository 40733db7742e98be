// The connection that asks: PUBLISH and PUBSUB NUMSUB, or what they are in a cluster; pipelined.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/common/budget.hpp"
#include "brokers/common/fifo.hpp"
#include "brokers/redis/dialect.hpp"
#include "brokers/redis/hash_tags.hpp"
#include "brokers/redis/protocol.hpp"

namespace signalbox::redis {

/// Redis answers in order: a FIFO of what is awaited tells whose answer comes next.
///
/// The server's role is asked all the time: one that is made a replica keeps its connections and goes on taking PUBLISH,
/// which then reaches nobody at the new master.
///
/// In a cluster "nobody" is not believed at once. A node counts nobody for SHARDNUMSUB in a slot that it does not have; and a
/// replica takes SPUBLISH as well, counts nobody, and passes it on to its master, where somebody may be (7.0.15): so does a
/// master that has just been replaced with publishes that it had held back. So a publish of nothing to nobody goes behind, in
/// the same slot, and the question for the role: where the one is not sent elsewhere and the other answered "master", the slot
/// was there all the time.
///
/// A master that is cut off from the others, and not from us, goes on taking slots and publishes for its own when another has
/// long been elected in its place. So it is asked with its role whom it sees (CLUSTER NODES): while that is not most of the
/// masters, its "nobody" is not believed at all.
///
/// Errors: a call without an answer at its deadline is completed, `unknown_outcome` for a publish and `unavailable` for a
/// question, and keeps its place in the FIFO and what it holds of the budget. The link is lost where the server says nothing at
/// all, or is far behind(). What was open on it then: `unknown_outcome` for a publish of which bytes may have left,
/// `unavailable` for the rest.
class CommandProtocol final : public Protocol {
 public:
  /// A longer NUMSUB would hold the server's one thread for more than 0.15 ms.
  static constexpr std::size_t kNamesPerCommand = 100;
  static constexpr Duration kRoleInterval{1000};
  /// An answer so much later than its call's deadline: what is queued behind it had better never be published.
  static constexpr Duration kFarBehind{10'000};
  /// For how long a master that sees the others again may not know yet what they have decided: Redis's own
  /// CLUSTER_MAX_REJOIN_DELAY.
  static constexpr Duration kRejoin{5000};

  /// tags: nullptr for classic pub/sub; channels below are by their names on the wire.
  CommandProtocol(Handshake handshake, Duration call_timeout, brokers::Budget& budget, const HashTags* tags = nullptr)
      : Protocol(std::move(handshake), call_timeout), budget_(budget), tags_(tags), dialect_(tags ? kSharded : kClassic) {}

  /// The verbs. Only while established; `cost`: what is given back to the budget with the answer.
  void publish(std::string_view channel, std::string_view payload, std::size_t cost, PublishDone done, Time deadline);
  void exists(std::string_view channel, std::size_t cost, ExistsDone done, Time deadline);

  using Counted = UniqueFunction<void(std::optional<bool>)>;
  /// Publishes nothing to a channel of our own, and tells whether anybody was counted there, or nothing where it was sent
  /// elsewhere; another refusal is a fault.
  void probe(std::string_view channel, Counted counted, Time now);

  [[nodiscard]] bool proven() const noexcept override { return proven_; }
  [[nodiscard]] bool unfinished() const noexcept override { return !lost_.empty() || more_are_late_; }
  /// No call is open, and nothing of our own.
  [[nodiscard]] bool at_rest() const noexcept {
    return awaited_.empty() && questions_.empty() && unsure_.empty() && guarded_.empty() && lost_.empty();
  }

  /// Whether it has been sent to another node since this was last asked.
  [[nodiscard]] bool take_redirected() noexcept { return std::exchange(redirected_, false); }

  /// The server is cut off from most masters of its cluster, or was a moment ago.
  [[nodiscard]] bool cut_off() const noexcept { return cut_off_; }

  /// The oldest call is past its deadline and still not answered: what is asked now would be late as well.
  [[nodiscard]] bool behind() const noexcept;

  /// Completes every open call with `closed`. Only lost() may follow.
  void close_calls();

 private:
  struct Publish {
    PublishDone done;  // none: told already, as in the others
    std::size_t cost;
    std::uint64_t begin;  // offset in the stream of bytes written
    std::size_t group;    // of slots; 0 without tags
    Time deadline;
  };
  struct Question {
    std::string channel;
    std::size_t group;  // of slots; 0 without tags
    ExistsDone done;
    std::size_t cost;
    Time deadline;
    bool yes = false;
  };
  using Publishes = std::vector<Publish>;
  using Questions = std::vector<Question>;
  struct Probe {
    Counted counted;
  };
  struct Role {
    bool of_calls;  // guards wait for it
  };
  struct Sight {};  // of the others
  struct Guard {
    Publishes nobody;   // answered so, and not told yet
    Questions counted;  // the same
  };
  struct Awaited {
    std::variant<Publish, Questions, Probe, Role, Guard, Sight> what;
    Time deadline;

    [[nodiscard]] bool is_call() const noexcept { return what.index() < 2; }
    /// Its deadline is that of a call.
    [[nodiscard]] bool is_of_calls() const noexcept {
      const auto* role = std::get_if<Role>(&what);
      return is_call() || std::holds_alternative<Guard>(what) || (role && role->of_calls);
    }
  };
  /// What a link left open. sent: how many bytes of it may have left.
  struct Remains {
    brokers::Fifo<Awaited> awaited;
    std::uint64_t sent;
  };

  void on_established(Time now) override;
  std::size_t take_plain(std::string_view bytes, Time now) override;
  std::optional<Fault> on_reply(Reply reply, Time now) override;
  std::optional<Fault> on_turn(Time now, std::string& out) override;
  void on_lost(std::uint64_t sent) override;

  void ask_role(Time now);
  void ask();
  void make_sure();
  void guard(std::size_t group, Time deadline, Publishes nobody);
  bool take_elsewhere(std::string_view error);
  void expire(Time now);
  std::size_t tell_late(Publish& call);
  std::size_t tell_late(Questions& calls);
  std::size_t tell_late(Guard& guard);
  std::size_t tell_late(Role& role);
  std::size_t tell_late(Probe&) { return 0; }
  std::size_t tell_late(Sight&) { return 0; }
  void pop() noexcept;
  [[nodiscard]] bool late(Time now) const;
  std::optional<Fault> answer(Publish& call, const redisReply& reply);
  std::optional<Fault> answer(Questions& calls, const redisReply& reply);
  std::optional<Fault> answer(Probe& probe, const redisReply& reply);
  std::optional<Fault> answer(Role& role, const redisReply& reply);
  std::optional<Fault> answer(Guard& guard, const redisReply& reply);
  std::optional<Fault> answer(Sight& sight, const redisReply& reply);
  /// In a cluster nobody, and somebody waits to hear it.
  [[nodiscard]] bool is_unsure(const Publish& call, std::uint64_t receivers) const noexcept {
    return receivers == 0 && tags_ && call.done;
  }
  std::size_t take_counts(std::string_view& bytes);
  void take_count(Publish& call, std::uint64_t receivers);
  void finish(Publish& call, const Status& status, Receivers receivers = {});
  void finish(Questions& calls, const Status& status);
  void finish(Guard& guard, const Status& of_publishes, const Status& of_questions);
  void doubt(Guard& guard, std::string_view words);
  void settle_guarded(const std::optional<Fault>& fault);
  void finish_lost();

  brokers::Budget& budget_;
  const HashTags* tags_;
  const Dialect& dialect_;
  bool proven_ = false;  ///< a probe was published on the present link
  std::string out_;      // commands of this loop turn
  Questions questions_;
  Publishes unsure_;  // answered "nobody", not guarded yet
  brokers::Fifo<Awaited> awaited_;
  std::size_t told_ = 0;  // of awaited_, from the front: what there was to tell at the deadline is told
  bool more_are_late_ = false;
  std::array<std::uint64_t, 64> counts_;  // taken, and not told yet
  std::deque<Remains> lost_;              // of former links, completed a slice a turn
  Time role_asked_at_;
  bool role_awaited_ = false;
  std::optional<Time> role_due_by_;  // for guards that are being written
  std::vector<Guard> guarded_;       // the slot was there, and the role of the server is asked
  bool redirected_ = false;
  bool cut_off_ = false;
  std::optional<Time> cut_off_at_;  // when it last said so
};

}  // namespace signalbox::redis

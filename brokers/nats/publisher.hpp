// The connection that asks: publishes and questions, and what comes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "signalbox/broker.hpp"

#include "brokers/common/budget.hpp"
#include "brokers/common/fifo.hpp"
#include "brokers/nats/fence.hpp"
#include "brokers/nats/side.hpp"

namespace signalbox::nats {

/// A publish asks for an answer that nobody gives: the server itself says at once when it knows of no subscriber, and a
/// fence behind the publishes proves of all the others that it has passed them on. So a receiver has no work with it.
///
/// A question is answered by a holder, or by the server when there is none. It is asked again every 250 ms, once the server
/// has worked through the last asking: a holder that lets go of the channel just then does not answer.
///
/// Errors: at its deadline, and when a fence is late, which loses the link, a publish that was said ends with
/// `unknown_outcome`, the rest with `unavailable`.
class Publisher final : public Side {
 public:
  /// What may be said and not yet fenced: bounds the library's buffer, which moves its bytes with each partial write.
  static constexpr std::size_t kWindowBytes = std::size_t{4} << 20;
  /// Over TLS, where it leaves in one call that waits for room in the socket: less, and still 5 MB/s at 50 ms of round trip.
  static constexpr std::size_t kSecureWindowBytes = std::size_t{256} << 10;
  /// The same for questions. Publishes have none in number: one counts 64 bytes at least.
  static constexpr std::size_t kWindow = 8192;
  static constexpr Duration kAskAgain{250};
  /// A publish that has waited is not said any more when it is so close to its deadline: it would end as unknown.
  static constexpr Duration kTimeToAnswer{250};

  explicit Publisher(brokers::Budget& budget) noexcept : budget_(budget) {}

  /// The verbs. Only while a link stands; `cost`: what is given back to the budget with the answer.
  void publish(std::string_view channel, std::string_view payload, std::size_t cost, PublishDone done, Time deadline);
  void exists(std::string_view channel, std::size_t cost, ExistsDone done, Time deadline, Time now);

  void on_up(Wire& wire, Time now) override;
  void on_fence(Time now) override;
  void on_answer(std::string_view reply, Answer answer) override;
  void on_violation(const Violation& violation, std::string_view channel) override;
  void on_down() override;
  [[nodiscard]] std::optional<Fault> turn(Time now) override;

  [[nodiscard]] bool unfinished() const noexcept override { return unfinished_; }
  [[nodiscard]] bool at_rest() const noexcept override {
    return said_.empty() && waiting_.empty() && questions_.empty() && lost_.empty() && lost_questions_.empty();
  }
  [[nodiscard]] bool proven() const noexcept override { return fence_.proven(); }

  /// Completes every open call with `closed`.
  void close_calls();

 private:
  struct Publish {
    std::string channel;
    std::size_t bytes = 0;
    std::size_t cost = 0;
    PublishDone done;  // empty: answered
    Time deadline;
  };
  struct Waiting {
    Publish call;
    std::string payload;
  };
  struct Question {
    std::string channel;
    std::size_t cost = 0;
    ExistsDone done;
    Time deadline;
  };
  struct Asked {
    std::uint64_t number;
    Time at;
  };
  struct Lost {
    Publish call;
    bool said;
  };

  [[nodiscard]] bool has_room(std::size_t bytes) const noexcept {
    return said_.empty() || said_bytes_ + bytes <= window_bytes_;
  }
  void say(Publish&& call, std::string_view payload);
  void say_waiting(Time now);
  void ask(std::uint64_t number, Time now);
  void ask_waiting(Time now);
  void ask_again(Time now);
  void expire(Time now);
  void give_up(const Violation& violation, std::string_view channel);
  void finish(Publish& call, const Status& status, Receivers receivers = {});
  void finish(Question& question, const Status& status, bool exists = false);
  void finish_lost();

  brokers::Budget& budget_;
  Wire* wire_ = nullptr;  // nullptr: no link
  FenceState fence_;
  brokers::Fifo<Publish> said_;  // the first one's number is first_
  std::uint64_t first_ = 1;
  std::uint64_t fenced_ = 0;  // the open fence is behind this one
  std::size_t said_bytes_ = 0;
  std::size_t window_bytes_ = kWindowBytes;
  std::deque<Waiting> waiting_;
  std::map<std::uint64_t, Question> questions_;  // in the order of their deadlines
  std::uint64_t next_question_ = 1;
  std::deque<std::uint64_t> unasked_;  // for want of room
  std::deque<Asked> asked_;            // to be asked again, unless they are answered
  std::size_t asks_open_ = 0;          // said and not yet fenced
  std::size_t asks_fenced_ = 0;        // of them, what the open fence is behind
  std::deque<Lost> lost_;              // of former links, completed a slice a turn
  std::deque<Question> lost_questions_;
  bool unfinished_ = false;
};

}  // namespace signalbox::nats

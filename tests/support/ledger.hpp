// The books of a test under load: what was sent and what the sender was told, what each client got, when something was broken.
// Afterwards they say whether anybody was told a lie.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/deadline.hpp"

namespace signalbox::test {

/// What is owed: a message answered "delivered" reaches every client that is registered for its user meanwhile. One that is
/// missing is excused only by a gap: the first one told to the client after the message was begun, if what was broken last
/// before that gap was broken before the message had ended (kInFlight earlier at most: answered, still on its way). An answer
/// "nobody" for a user who has a client needs the same excuse. Who leaves after a fault and before it is mended goes without
/// the gap that it would have been told: leaving counts as one.
///
/// Who leaves may go before it has read what was delivered, so to a client that leaves is owed what must have come: what had
/// ended before a message that it did get was begun, since a user's messages come in their order; and without that proof, what
/// had ended kUnread earlier.
///
/// Keeps every message; checking all of them takes time linear in what was sent and received.
///
/// Threading: any thread. Entries carry the time at which they are made, so make them at once.
class Ledger {
 public:
  using Clock = std::chrono::steady_clock;
  using Id = std::size_t;

  static constexpr std::chrono::milliseconds kInFlight{500};
  /// Longer than an instance or a client stands still where twenty threads share a core: pongs came up to 2.0 s late. Shorter
  /// than the longest visits of a soak, so that who is registered and gets nothing at all is noticed.
  static constexpr std::chrono::milliseconds kUnread{3000};
  /// SPEC 5: so long may a killed instance still hold its users (scaled).
  static constexpr std::chrono::milliseconds kHeldOn{1000};

  // Senders. A source sends one message at a time; clients must get a source's messages in their order.
  Id begin(const std::string& source, const std::string& user);
  /// `outcome`: "delivered", "nobody", or what went wrong. "no answer" and "unknown_outcome" leave it open whether it was sent.
  void end(Id message, const std::string& outcome);
  /// What to send: the id, readable again. More may follow after a space.
  [[nodiscard]] static std::string payload(Id message) { return "m" + std::to_string(message); }

  // Askers: `answer` is "yes", "no", or an error.
  void asked(const std::string& user, Clock::time_point begun, const std::string& answer);

  // Clients: counted from before they connect. One in plain mode is told no gaps: an envelope client of the same instance and
  // user answers for it.
  Id client(const std::string& instance, const std::string& user, bool envelope);
  void registered(Id client);
  void received(Id client, std::string_view payload);
  void gap(Id client, const std::string& reason);
  /// From `time` on nothing is owed to it, nor what may still have been on its way then. It may be there for a while yet.
  void leaving(Id client, Clock::time_point time);
  void leaving(Id client) { leaving(client, Clock::now()); }
  /// It is gone, and nothing is owed to it from here on, if it was not leaving before.
  void left(Id client);

  // Something is broken from here on.
  void fault();
  /// The last fault is over, and everybody who stayed has been told of it.
  void mended();

  /// Every promise that was not kept, a line each; empty if all is well. After the load has ended and settled.
  [[nodiscard]] std::vector<std::string> lies() const;

  [[nodiscard]] std::size_t sent() const;
  /// Messages of which `outcome` was said, since the last fault.
  [[nodiscard]] std::size_t answered(const std::string& outcome) const;
  /// Outcome → how often, since the last fault.
  [[nodiscard]] std::map<std::string, std::size_t> outcomes() const;
  /// The same since the beginning.
  [[nodiscard]] std::map<std::string, std::size_t> all_outcomes() const;
  /// Questions that were answered so, since the last fault.
  [[nodiscard]] std::size_t said(const std::string& answer) const;
  /// Messages answered "delivered" that did not reach a client they were owed to, counted once a client.
  [[nodiscard]] std::size_t lost() const;

  struct Gap {
    Clock::time_point time;
    std::string reason;
  };
  [[nodiscard]] std::vector<Gap> gaps(Id client) const;
  /// Gaps told to all clients of an instance.
  [[nodiscard]] std::size_t gap_count(const std::string& instance) const;
  [[nodiscard]] std::size_t received_count(Id client) const;
  /// What all clients got together.
  [[nodiscard]] std::size_t received_count() const;
  /// Questions asked since the beginning.
  [[nodiscard]] std::size_t asked_count() const;

 private:
  struct Message {
    std::string source;
    std::string user;
    Clock::time_point begun;
    Clock::time_point ended;
    std::string outcome;  // empty while it is under way
  };
  struct Question {
    std::string user;
    Clock::time_point begun;
    Clock::time_point ended;
    std::string answer;
  };
  struct Client {
    std::string instance;
    std::string user;
    bool envelope = false;
    Clock::time_point came;
    Clock::time_point registered = Clock::time_point::max();
    Clock::time_point leaving = Clock::time_point::max();  // <= left
    Clock::time_point left = Clock::time_point::max();
    Clock::time_point reached = Clock::time_point::min();  // when the youngest message that it got was begun
    std::vector<Id> received;
    std::vector<std::string> strange;  // payloads that are none of ours
    std::vector<Gap> gaps;
  };
  struct Fault {
    Clock::time_point time;
    Clock::time_point mended = Clock::time_point::min();  // min: nobody said when
  };
  struct User {
    std::vector<Id> messages;  // in the order in which they were begun
    std::vector<Id> clients;
  };
  using Complaints = std::vector<std::string>;

  // Under the mutex.
  [[nodiscard]] const User& user_of(const std::string& name) const;
  [[nodiscard]] const Fault* last_fault(Clock::time_point before) const;
  [[nodiscard]] bool covered(const Client& teller, Clock::time_point begun, Clock::time_point ended) const;
  [[nodiscard]] bool excused(const Client& client, Clock::time_point begun, Clock::time_point ended) const;
  [[nodiscard]] static bool holds(const Client& client, Clock::time_point from, Clock::time_point to);
  [[nodiscard]] bool held_at_all(const std::string& user, Clock::time_point from, Clock::time_point to) const;
  void check_received(const Client& client, Complaints& complaints) const;
  void check_owed(const Client& client, Complaints& complaints, std::size_t& lost) const;
  void check_outcomes(Complaints& complaints) const;
  void check_answers(Complaints& complaints) const;
  [[nodiscard]] std::string describe(const Client& client) const;
  [[nodiscard]] std::string describe(Id message) const;
  [[nodiscard]] std::string describe(Clock::time_point time) const;

  mutable std::mutex mutex_;
  std::vector<Message> messages_;
  std::vector<Question> questions_;
  std::vector<Client> clients_;
  std::map<std::string, User> users_;
  std::vector<Fault> faults_;
};

}  // namespace signalbox::test

// What both kinds of connection share, without a socket or a clock: bytes in, bytes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "brokers/redis/errors.hpp"
#include "brokers/redis/handshake.hpp"
#include "brokers/redis/resp.hpp"
#include "brokers/redis/time.hpp"

namespace signalbox::redis {

/// One connection's side of the conversation: the handshake, then what the derived class is for. Survives its links: after
/// lost() comes the next connected().
///
/// Threading: one thread. Completions are called from inside; they must not call back into the protocol.
class Protocol {
 public:
  /// How long the server may take for the handshake, and for whatever shows that it is alive.
  static constexpr Duration kSilence{3000};
  /// How often a server is asked again that says it is loading its data or busy with a script.
  static constexpr Duration kAskAgain{250};
  /// A reply that one read has begun is mostly at its end within so much of the next.
  static constexpr std::size_t kRestBytes = 1024;
  /// Calls that are completed in one turn: those that a lost link leaves, or a burst that is late, must not hold up the
  /// loop.
  static constexpr std::size_t kCompletionsPerTurn = 4096;

  Protocol(Handshake handshake, Duration call_timeout);
  virtual ~Protocol() = default;

  /// A link is up. Writes the handshake.
  void connected(Time now, std::string& out);
  /// Takes what one read gave. After a fault only lost() may follow.
  [[nodiscard]] std::optional<Fault> feed(std::string_view bytes, Time now);
  /// To be called once each loop turn, with or without a link: writes what is due, completes what is late.
  [[nodiscard]] std::optional<Fault> turn(Time now, std::string& out);
  /// The last turn left work for another at once.
  [[nodiscard]] virtual bool unfinished() const noexcept = 0;
  /// The link is gone. sent: how many bytes since connected() may have left.
  void lost(std::uint64_t sent);

  /// The handshake of the present link is complete.
  [[nodiscard]] bool established() const noexcept { return phase_ == Phase::established; }
  /// What the server answers to the handshake while it is alive and not able to work: its own words, or nothing.
  [[nodiscard]] const std::string& obstacle() const noexcept { return obstacle_; }
  /// What may be behind a link that the server ended, for the operator; or nothing.
  [[nodiscard]] virtual std::string_view hint(Time) const { return {}; }
  /// The present link has done what it is for at least once: only then is what failed before forgotten.
  [[nodiscard]] virtual bool proven() const noexcept = 0;

 protected:
  [[nodiscard]] Duration call_timeout() const noexcept { return call_timeout_; }
  [[nodiscard]] Wanted wanted() const noexcept { return handshake_.wanted(); }
  /// When the last bytes came.
  [[nodiscard]] Time heard_at() const noexcept { return heard_at_; }
  /// Bytes written since connected(), before those of the turn that runs.
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }

  virtual void on_established(Time now) = 0;
  /// Takes whole replies from the front of the bytes as they stand there, as long as they are of the kind that comes in great
  /// numbers, and tells how many bytes that was: decoding them costs several times as much as all else that becomes of them.
  virtual std::size_t take_plain(std::string_view, Time) { return 0; }
  virtual std::optional<Fault> on_reply(Reply reply, Time now) = 0;
  /// All replies of one feed() are through.
  virtual void on_read_end() {}
  virtual std::optional<Fault> on_turn(Time now, std::string& out) = 0;
  virtual void on_lost(std::uint64_t sent) = 0;

 private:
  enum class Phase { down, handshake, established };

  std::optional<Fault> decode(std::string_view& bytes, Time now);
  std::optional<Fault> take_replies(Time now);
  std::optional<Fault> take(Reply reply, Time now);
  std::optional<Fault> shake_hands(Time now, std::string& out);

  Handshake handshake_;
  Duration call_timeout_;
  ReplyReader reader_;
  Phase phase_ = Phase::down;
  std::uint64_t written_ = 0;
  Time asked_at_;  // the handshake
  Time heard_at_;
  std::string obstacle_;
};

}  // namespace signalbox::redis

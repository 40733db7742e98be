// RESP2, the wire format of Redis: hiredis' reader as the decoder, and an encoder for commands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <hiredis/hiredis.h>

namespace signalbox::redis {

struct ReplyDeleter {
  void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, ReplyDeleter>;

/// The bytes of a string, status or error; empty for other types.
std::string_view text(const redisReply& reply) noexcept;

/// Appends "*count"; that many append_argument() follow.
void append_count(std::string& out, std::size_t count);
void append_argument(std::string& out, std::string_view argument);
/// Arguments are length-prefixed: any bytes are safe.
void append_command(std::string& out, std::initializer_list<std::string_view> arguments);

/// Takes what the bytes begin with, if it is all of a number behind `type` (':', '$'), or of a bulk string; else nothing is
/// taken. That it is nothing that a ReplyReader would understand otherwise is sure; not that it understands all that one does.
std::optional<std::uint64_t> take_number(std::string_view& bytes, char type) noexcept;
std::optional<std::string_view> take_bulk(std::string_view& bytes) noexcept;

/// Decodes a stream of replies.
class ReplyReader {
 public:
  /// hiredis moves what is left of its buffer after each 1 KiB consumed: small pieces keep that cheap (16 KiB at a time
  /// 5.5 M messages/s, 1 MiB 0.64 M).
  static constexpr std::size_t kFeedBytes = 16 * 1024;

  /// No reply that we ask for has more elements: CLUSTER SLOTS has up to one for each slot. A longer array is garbage, and
  /// would swallow all that follows as its own.
  static constexpr std::size_t kMostElements = 16384;

  /// Nor is one longer: the largest limits.message_bytes, with its envelope, channel and framing. hiredis gathers a string
  /// whole before anybody can ask what its message may have: without this a server could have it gather any number of bytes.
  static constexpr std::size_t kLongestReply = (64 * 1024 + 64) * 1024;

  enum class Next { reply, incomplete, garbage };

  /// Bytes that belong to no decoded reply yet.
  [[nodiscard]] std::size_t unread() const noexcept { return since_reply_; }
  /// `bytes`: at most kFeedBytes. False: out of memory, after garbage, or a reply is longer than kLongestReply.
  [[nodiscard]] bool feed(std::string_view bytes);
  [[nodiscard]] Next next(Reply& reply);
  /// What is wrong after garbage, or where feed() has failed. Nothing but reset() helps then.
  [[nodiscard]] std::string_view error() const noexcept;
  void reset();

 private:
  struct Deleter {
    void operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }
  };
  static redisReader* make_reader();

  std::unique_ptr<redisReader, Deleter> reader_{make_reader()};
  std::size_t since_reply_ = 0;
};

}  // namespace signalbox::redis

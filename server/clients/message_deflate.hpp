// What permessage-deflate does to one message (RFC 7692 section 7.2), by zlib. Nothing of a message is kept for the next one
// (no context takeover), so that one of these does for all connections of a shard, and a deflated message for all its
// receivers.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "websocket/decoder.hpp"

struct z_stream_s;  // NOLINT(readability-identifier-naming): zlib's

namespace signalbox {

/// Some 100 KiB: a window and tables each way.
///
/// Threading: one thread at a time.
class MessageDeflate {
 public:
  /// What is deflated refers back by at most 2^12 bytes: a larger window saves nothing at the level that is used, and a client
  /// that is short of memory may ask for as little (the servers of Python's websockets use 12 by default, too).
  static constexpr unsigned kWindowBits = 12;
  /// Shorter payloads are not worth it: JSON of 128 bytes loses 20 % for 5.6 us, of 256 bytes 43 % for 7.1 us, about what its
  /// send() costs (bench/micro/deflate_benchmark.cpp).
  static constexpr std::size_t kWorthwhile = 256;

  /// Errors: std::bad_alloc.
  MessageDeflate();
  MessageDeflate(const MessageDeflate&) = delete;
  MessageDeflate& operator=(const MessageDeflate&) = delete;
  ~MessageDeflate();

  /// A compressed message as it was before, its text checked; or an error: 1009 beyond `message_bytes`, of which no more than
  /// so much is ever held, 1007 for data that is no deflated message or text that is not UTF-8. Lifetime: the payload lives in
  /// `buffer`.
  websocket::Event inflate(const websocket::Event& compressed, std::size_t message_bytes, std::vector<char>& buffer);

  /// The payload of a compressed message; nothing where it would not be smaller.
  std::optional<std::string> deflate(std::string_view payload);

 private:
  enum class Outcome : unsigned char { whole, too_big, broken };
  Outcome inflate_message(std::string_view compressed, std::size_t limit, std::vector<char>& out);
  Outcome inflate_piece(std::string_view piece, std::size_t limit, std::vector<char>& out);

  struct InflateEnd {
    void operator()(z_stream_s* stream) const noexcept;
  };
  struct DeflateEnd {
    void operator()(z_stream_s* stream) const noexcept;
  };
  std::unique_ptr<z_stream_s, InflateEnd> inflater_;
  std::unique_ptr<z_stream_s, DeflateEnd> deflater_;
  std::unique_ptr<char[]> chunk_;
};

}  // namespace signalbox

// The receiving half of RFC 6455 (sections 5 to 8) without a socket: bytes in, events out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "websocket/frame.hpp"

namespace signalbox::websocket {

/// Whose bytes are read: a server's peer must mask its frames, a client's must not (RFC 6455 section 5.1).
enum class Role : std::uint8_t { server, client };

struct DecoderLimits {
  /// A longer message, in one frame or in fragments, is close 1009. A compressed one may have 64 bytes and a thousandth more,
  /// for where compression makes it longer.
  std::size_t message_bytes = 64 * 1024;
  std::uint32_t fragments = 1024;  ///< more frames to one message is close 1008, however small they are
};

/// What has been agreed on in the handshake (RFC 6455 section 9).
enum class Extension : std::uint8_t { none, permessage_deflate };

/// What has been read. `payload` lives until the next call of next().
struct Event {
  enum class Kind : std::uint8_t {
    need_more,  ///< the input is used up
    text,       ///< a whole message; valid UTF-8 unless it is `compressed`
    binary,     ///< a whole message
    ping,       ///< answer with a pong of the same payload
    pong,
    close,  ///< the peer's close frame: `code` (no_status if it had none) and its reason
    error,  ///< the peer broke the protocol: close with `code`; `payload` says why. Only errors follow.
  };
  Kind kind = Kind::need_more;
  CloseCode code = CloseCode::no_status;
  std::string_view payload;
  bool compressed = false;  ///< text and binary: `payload` is to be inflated (RFC 7692 section 7.2.2), and a text checked then
};

/// Reads one direction of one connection. Holds no memory of its own except while a message is incomplete.
///
/// Threading: one thread at a time.
class Decoder {
 public:
  explicit Decoder(Role role, Extension extension = Extension::none) noexcept;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder();

  /// Takes bytes off the front of `input` until one event is complete, and returns it; need_more when all are taken.
  /// Unmasks in place, so `input` must be writable; a message that lies whole in `input` is not copied.
  /// After `close` the rest of the input is ignored (need_more).
  /// Call until need_more: the memory of a message that was pieced together is freed by the call after it.
  Event next(std::span<char>& input, const DecoderLimits& limits);

  /// True if no partial frame or message is held.
  [[nodiscard]] bool idle() const noexcept;
  /// What a partial frame or message takes of memory, and the payload of the last event where that was pieced together.
  [[nodiscard]] std::size_t held_bytes() const noexcept;
  /// Forgets the payload of a message that is not complete, and that of every later one in pieces: what comes of them is read
  /// and not kept, and such a message's event has none. For who waits for the close frame only.
  void discard_messages() noexcept;

 private:
  struct Partial;
  struct Frame;
  struct Failure;
  struct Header;

  [[nodiscard]] bool in_message() const noexcept;
  Header take_header(std::span<char>& input);
  [[nodiscard]] Failure admit(const Frame& frame, const DecoderLimits& limits) const noexcept;
  void begin(const Frame& frame);
  Event take_whole(const Frame& frame, std::span<char>& input);
  bool take_payload(std::span<char>& input, Event& event);
  bool take_data(std::span<char> piece, Event& event);
  Event finish_control(Opcode opcode, std::string_view payload);
  Event finish_close(std::string_view payload);
  Event fail(Failure failure);

  std::unique_ptr<Partial> partial_;  // null between messages, which is where nearly every connection is
  const char* failure_ = nullptr;
  CloseCode failure_code_ = CloseCode::no_status;
  Role role_;
  Extension extension_;
  bool closed_ = false;
  bool discarding_ = false;
};
static_assert(sizeof(Decoder) <= 48);  // each connection has one

}  // namespace signalbox::websocket

// One message for one user as it goes to the sockets: framed once, shared by all its receivers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "websocket/frame.hpp"

namespace signalbox {

/// User key, WebSocket frame header and payload in one allocation.
///
/// Threading: immutable but for its count; shared between shards.
class Frame {
 public:
  using Ptr = boost::intrusive_ptr<const Frame>;

  /// A text that is not valid UTF-8 becomes a binary frame.
  static Ptr message(std::string_view user_key, std::string_view payload, bool text);
  /// A frame that is for one connection only: a pong, a close, a text of the server's own.
  static Ptr own(websocket::Opcode opcode, std::string_view payload);
  /// A message whose payload has been deflated (RFC 7692).
  static Ptr deflated(bool text, std::string_view payload);

  [[nodiscard]] std::string_view user_key() const noexcept { return {data(), key_bytes_}; }
  [[nodiscard]] std::string_view payload() const noexcept { return {data() + key_bytes_ + header_bytes_, payload_bytes_}; }
  /// Header and payload, as they go over the wire.
  [[nodiscard]] std::string_view wire() const noexcept {
    return {data() + key_bytes_, static_cast<std::size_t>(header_bytes_) + payload_bytes_};
  }
  [[nodiscard]] websocket::Opcode opcode() const noexcept { return opcode_; }
  [[nodiscard]] bool is_text() const noexcept { return opcode_ == websocket::Opcode::text; }
  /// What it takes of a byte limit.
  [[nodiscard]] std::size_t bytes() const noexcept { return sizeof(Frame) + key_bytes_ + header_bytes_ + payload_bytes_; }

  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

 private:
  Frame(websocket::Opcode opcode, std::string_view user_key, std::string_view header, std::string_view payload) noexcept;
  ~Frame() = default;
  static Ptr make(websocket::Opcode opcode, std::string_view user_key, std::string_view payload, bool compressed = false);

  [[nodiscard]] const char* data() const noexcept { return reinterpret_cast<const char*>(this + 1); }

  friend void intrusive_ptr_add_ref(const Frame* frame) noexcept { frame->references_.fetch_add(1, std::memory_order_relaxed); }
  friend void intrusive_ptr_release(const Frame* frame) noexcept;

  mutable std::atomic<std::uint32_t> references_{0};
  std::uint32_t payload_bytes_;
  std::uint16_t key_bytes_;
  std::uint8_t header_bytes_;
  websocket::Opcode opcode_;
};

}  // namespace signalbox

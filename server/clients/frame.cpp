#include "server/clients/frame.hpp"

#include <algorithm>
#include <new>

#include "websocket/utf8.hpp"

namespace signalbox {

Frame::Frame(websocket::Opcode opcode, std::string_view user_key, std::string_view header, std::string_view payload) noexcept
    : payload_bytes_(static_cast<std::uint32_t>(payload.size())),
      key_bytes_(static_cast<std::uint16_t>(user_key.size())),
      header_bytes_(static_cast<std::uint8_t>(header.size())),
      opcode_(opcode) {
  char* to = reinterpret_cast<char*>(this + 1);
  for (const std::string_view part : {user_key, header, payload}) to = std::copy(part.begin(), part.end(), to);
}

Frame::Ptr Frame::make(websocket::Opcode opcode, std::string_view user_key, std::string_view payload, bool compressed) {
  const websocket::FrameHeader header(opcode, payload.size(), compressed);
  void* memory = ::operator new(sizeof(Frame) + user_key.size() + header.view().size() + payload.size());
  return Ptr(new (memory) Frame(opcode, user_key, header.view(), payload));
}

Frame::Ptr Frame::message(std::string_view user_key, std::string_view payload, bool text) {
  const bool valid = text && websocket::is_valid_utf8(payload);
  return make(valid ? websocket::Opcode::text : websocket::Opcode::binary, user_key, payload);
}

Frame::Ptr Frame::own(websocket::Opcode opcode, std::string_view payload) { return make(opcode, {}, payload); }

Frame::Ptr Frame::deflated(bool text, std::string_view payload) {
  return make(text ? websocket::Opcode::text : websocket::Opcode::binary, {}, payload, true);
}

void intrusive_ptr_release(const Frame* frame) noexcept {
  if (frame->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  frame->~Frame();
  ::operator delete(const_cast<Frame*>(frame));
}

}  // namespace signalbox

#include "server/clients/message_forms.hpp"

#include <optional>
#include <string>

namespace signalbox {

void MessageForms::make_envelope() {
  envelope_ = Frame::own(websocket::Opcode::text, message_text(plain_->payload(), plain_->is_text()));
}

const Frame::Ptr& MessageForms::deflated(Mode mode, unsigned window_bits) {
  const Frame::Ptr& message = whole(mode);
  const std::size_t size = message->payload().size();
  // Data that is no longer than a window can't refer back beyond it: a client with a small one gets the short messages
  // deflated.
  const bool fits = window_bits >= MessageDeflate::kWindowBits || size <= std::size_t{1} << window_bits;
  if (size < MessageDeflate::kWorthwhile || !fits) return message;
  Frame::Ptr& form = deflated_[static_cast<std::size_t>(mode)];
  if (!form) {
    const std::optional<std::string> payload = deflate_->deflate(message->payload());
    form = payload ? Frame::deflated(message->is_text(), *payload) : message;
  }
  return form;
}

}  // namespace signalbox

// One message in the forms that its receivers want: bare or in an envelope, deflated or not.
#pragma once

#include <array>

#include "server/clients/client_message.hpp"
#include "server/clients/frame.hpp"
#include "server/clients/message_deflate.hpp"

namespace signalbox {

/// Each form is made by the first receiver that needs it, and shared by the others.
/// Lifetime: of one delivery. Threading: the shard's.
class MessageForms {
 public:
  /// `deflate` may be null where nobody has negotiated it.
  MessageForms(const Frame::Ptr& plain, MessageDeflate* deflate) : plain_(plain), deflate_(deflate) {}

  /// `window_bits`: how far back deflated data may refer; 0: the receiver has not negotiated permessage-deflate.
  const Frame::Ptr& form(Mode mode, unsigned window_bits) {
    if (mode == Mode::envelope && !envelope_) make_envelope();
    return window_bits == 0 ? whole(mode) : deflated(mode, window_bits);
  }

 private:
  void make_envelope();
  [[nodiscard]] const Frame::Ptr& whole(Mode mode) const noexcept { return mode == Mode::plain ? plain_ : envelope_; }
  const Frame::Ptr& deflated(Mode mode, unsigned window_bits);

  const Frame::Ptr& plain_;
  MessageDeflate* const deflate_;
  Frame::Ptr envelope_;
  std::array<Frame::Ptr, 2> deflated_;  ///< by mode; the whole one again where it does not get smaller
};

}  // namespace signalbox

#include "websocket/decoder.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "websocket/utf8.hpp"

namespace signalbox::websocket {

namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kReservedBits = 0x70;
constexpr std::uint8_t kRsv1 = 0x40;
constexpr std::uint8_t kOpcodeBits = 0x0F;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLengthBits = 0x7F;
constexpr std::size_t kControlPayload = 125;  // RFC 6455 section 5.5
constexpr std::size_t kLongestHeader = 14;

constexpr bool is_control(Opcode opcode) noexcept { return (static_cast<std::uint8_t>(opcode) & 0x8) != 0; }

// RFC 6455 section 7.4 and IANA's registry: 1004 to 1006 and 1015 never travel, 1016 to 2999 are not assigned.
constexpr bool may_be_sent(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/// The longest that a message of so many bytes may become where nothing in it can be compressed: RFC 1951 section 3.2.4 adds
/// 5 bytes to each block, zlib's are 16 KiB, others' may be smaller.
constexpr std::size_t compressed_bytes(std::size_t bytes) noexcept { return bytes + bytes / 1024 + 64; }

std::uint64_t read_big_endian(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

}  // namespace

/// What the header of a frame says.
struct Decoder::Frame {
  bool fin = false;
  bool compressed = false;
  Opcode opcode = Opcode::continuation;
  std::uint64_t size = 0;
  std::uint32_t mask = 0;  ///< 0 where frames are unmasked: XOR with it changes nothing
};

/// A rule that was broken; `reason` is a literal, or null for none.
struct Decoder::Failure {
  CloseCode code = CloseCode::protocol_error;
  const char* reason = nullptr;
};

/// What is known of a frame's header. The checks run in the order of the bytes, each as soon as its byte is there, so that the
/// verdict does not depend on where reads cut the stream.
struct Decoder::Header {
  std::size_t bytes = 0;  ///< 0: more are needed, or the header is bad
  Frame frame;
  Failure failure;

  static Header read(std::string_view input, const Decoder& decoder) noexcept;
  bool read_length(std::string_view input, std::size_t length_bytes) noexcept;
  static const char* refuse_first(std::uint8_t byte, const Decoder& decoder) noexcept;
  static const char* refuse_second(std::uint8_t byte, Opcode opcode, Role role) noexcept;
};

/// What must be remembered while a frame or message is incomplete.
struct Decoder::Partial {
  std::string message;       // of the message under way, unmasked
  std::uint32_t frames = 0;  // of it, so far
  bool in_message = false;
  bool text = false;
  bool compressed = false;
  Utf8Validator utf8;

  bool in_frame = false;  // the header is read, the payload is not
  Frame frame;
  std::uint64_t missing = 0;  // of its payload

  std::uint8_t header_size = 0;
  std::array<char, kLongestHeader> header;
  std::array<char, kControlPayload> control;  // apart from `message`: control frames come between fragments

  [[nodiscard]] bool finished() const noexcept { return !in_message && !in_frame && header_size == 0; }
};

const char* Decoder::Header::refuse_first(std::uint8_t byte, const Decoder& decoder) noexcept {
  const auto opcode = static_cast<Opcode>(byte & kOpcodeBits);
  const bool in_message = decoder.in_message();
  // RFC 7692 section 6: RSV1 marks a message, so it stands on its first frame and on nothing else.
  const bool may_compress =
      decoder.extension_ == Extension::permessage_deflate && (opcode == Opcode::text || opcode == Opcode::binary);
  if ((byte & (may_compress ? kReservedBits & ~kRsv1 : kReservedBits)) != 0) return "reserved bits are set";
  switch (opcode) {
    case Opcode::continuation: return in_message ? nullptr : "continuation without a message";
    case Opcode::text:
    case Opcode::binary: return in_message ? "new message before the last was complete" : nullptr;
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong: return (byte & kFin) != 0 ? nullptr : "fragmented control frame";
  }
  return "reserved opcode";
}

const char* Decoder::Header::refuse_second(std::uint8_t byte, Opcode opcode, Role role) noexcept {
  const bool masked = (byte & kMasked) != 0;
  if (role == Role::server && !masked) return "unmasked frame from a client";
  if (role == Role::client && masked) return "masked frame from a server";
  if (is_control(opcode) && (byte & kLengthBits) > kControlPayload) return "control frame over 125 bytes";
  return nullptr;
}

bool Decoder::Header::read_length(std::string_view input, std::size_t length_bytes) noexcept {
  frame.size = read_big_endian(input.substr(2, length_bytes));
  if (frame.size >> 63 != 0) failure.reason = "frame length over 63 bits";
  if (frame.size < (length_bytes == 2 ? 126u : 0x10000u)) failure.reason = "frame length in more bytes than it needs";
  return failure.reason == nullptr;
}

Decoder::Header Decoder::Header::read(std::string_view input, const Decoder& decoder) noexcept {
  Header header;
  if (input.empty()) return header;
  const auto first = static_cast<std::uint8_t>(input[0]);
  header.failure.reason = refuse_first(first, decoder);
  if (header.failure.reason != nullptr || input.size() < 2) return header;
  header.frame.fin = (first & kFin) != 0;
  header.frame.compressed = (first & kRsv1) != 0;
  header.frame.opcode = static_cast<Opcode>(first & kOpcodeBits);

  const auto second = static_cast<std::uint8_t>(input[1]);
  header.failure.reason = refuse_second(second, header.frame.opcode, decoder.role_);
  if (header.failure.reason != nullptr) return header;
  const std::uint8_t length = second & kLengthBits;
  const std::size_t length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
  const std::size_t mask_bytes = decoder.role_ == Role::server ? sizeof header.frame.mask : 0;
  header.frame.size = length;
  if (length_bytes != 0 && (input.size() < 2 + length_bytes || !header.read_length(input, length_bytes))) return header;

  if (input.size() < 2 + length_bytes + mask_bytes) return header;
  if (mask_bytes != 0) std::memcpy(&header.frame.mask, input.data() + 2 + length_bytes, mask_bytes);
  header.bytes = 2 + length_bytes + mask_bytes;
  return header;
}

Decoder::Decoder(Role role, Extension extension) noexcept : role_(role), extension_(extension) {}
Decoder::~Decoder() = default;

bool Decoder::idle() const noexcept { return !partial_ || partial_->finished(); }
std::size_t Decoder::held_bytes() const noexcept { return partial_ ? sizeof(Partial) + partial_->message.capacity() : 0; }

void Decoder::discard_messages() noexcept {
  discarding_ = true;
  if (partial_) std::string().swap(partial_->message);
}

bool Decoder::in_message() const noexcept { return partial_ && partial_->in_message; }

Event Decoder::next(std::span<char>& input, const DecoderLimits& limits) {
  if (idle() || closed_) partial_.reset();
  if (closed_ || failure_ != nullptr) {
    input = {};
    return failure_ == nullptr ? Event{} : Event{Event::Kind::error, failure_code_, failure_};
  }
  for (;;) {
    if (!partial_ || !partial_->in_frame) {
      const Header header = take_header(input);
      if (header.failure.reason != nullptr) return fail(header.failure);
      if (header.bytes == 0) return {};
      const Failure refused = admit(header.frame, limits);
      if (refused.reason != nullptr) return fail(refused);
      const bool stands_alone = is_control(header.frame.opcode) || (header.frame.fin && !in_message());
      if (stands_alone && header.frame.size <= input.size()) return take_whole(header.frame, input);
      begin(header.frame);
    }
    Event event;
    if (take_payload(input, event)) return event;
  }
}

Decoder::Header Decoder::take_header(std::span<char>& input) {
  const std::size_t held = partial_ ? partial_->header_size : 0;
  if (held == 0) {
    const Header header = Header::read({input.data(), input.size()}, *this);
    if (header.bytes != 0 || header.failure.reason != nullptr || input.empty()) {
      input = input.subspan(header.bytes);
      return header;
    }
    if (!partial_) partial_ = std::make_unique<Partial>();
  }
  const std::size_t taken = std::min(input.size(), kLongestHeader - held);
  std::copy_n(input.begin(), taken, partial_->header.begin() + static_cast<std::ptrdiff_t>(held));
  const Header header = Header::read({partial_->header.data(), held + taken}, *this);
  partial_->header_size = header.bytes == 0 ? static_cast<std::uint8_t>(held + taken) : std::uint8_t{0};
  input = input.subspan(header.bytes == 0 ? taken : header.bytes - held);
  return header;
}

// From the header alone, before a byte of memory is spent on what it announces.
Decoder::Failure Decoder::admit(const Frame& frame, const DecoderLimits& limits) const noexcept {
  if (is_control(frame.opcode)) return {};
  if (in_message() && partial_->frames >= limits.fragments) return {CloseCode::policy_violation, "too many fragments"};
  const std::size_t held = in_message() ? partial_->message.size() : 0;
  const bool compressed = in_message() ? partial_->compressed : frame.compressed;
  const std::size_t most = compressed ? compressed_bytes(limits.message_bytes) : limits.message_bytes;
  if (held > most || frame.size > most - held) {
    return {CloseCode::message_too_big, "message too big"};
  }
  return {};
}

void Decoder::begin(const Frame& frame) {
  if (!partial_) partial_ = std::make_unique<Partial>();
  partial_->in_frame = true;
  partial_->frame = frame;
  partial_->missing = frame.size;
  if (is_control(frame.opcode)) return;
  if (frame.opcode != Opcode::continuation) {
    partial_->text = frame.opcode == Opcode::text;
    partial_->compressed = frame.compressed;
  }
  partial_->in_message = true;
  ++partial_->frames;
}

Event Decoder::take_whole(const Frame& frame, std::span<char>& input) {
  const auto size = static_cast<std::size_t>(frame.size);
  const std::string_view payload(input.data(), size);
  if (frame.mask != 0) apply_mask(input.data(), size, frame.mask, 0);
  input = input.subspan(size);
  if (is_control(frame.opcode)) return finish_control(frame.opcode, payload);
  const bool text = frame.opcode == Opcode::text;
  if (text && !frame.compressed && !is_valid_utf8(payload)) return fail({CloseCode::invalid_payload, "text is not UTF-8"});
  return {text ? Event::Kind::text : Event::Kind::binary, CloseCode::no_status, payload, frame.compressed};
}

// True with the event to return; false if the frame was a fragment and another may follow.
bool Decoder::take_payload(std::span<char>& input, Event& event) {
  Partial& partial = *partial_;
  const auto offset = static_cast<std::size_t>(partial.frame.size - partial.missing);
  const std::span<char> piece = input.first(static_cast<std::size_t>(std::min<std::uint64_t>(partial.missing, input.size())));
  if (partial.frame.mask != 0) apply_mask(piece.data(), piece.size(), partial.frame.mask, offset);
  input = input.subspan(piece.size());
  partial.missing -= piece.size();
  partial.in_frame = partial.missing != 0;
  if (!is_control(partial.frame.opcode)) return take_data(piece, event);
  std::copy(piece.begin(), piece.end(), partial.control.begin() + static_cast<std::ptrdiff_t>(offset));
  if (!partial.in_frame) {
    event = finish_control(partial.frame.opcode, {partial.control.data(), static_cast<std::size_t>(partial.frame.size)});
  }
  return true;
}

bool Decoder::take_data(std::span<char> piece, Event& event) {
  Partial& partial = *partial_;
  const std::string_view bytes(piece.data(), piece.size());
  const bool last = !partial.in_frame && partial.frame.fin;
  if (!discarding_ && partial.text && !partial.compressed &&
      (!partial.utf8.push(bytes) || (last && !partial.utf8.complete()))) {
    event = fail({CloseCode::invalid_payload, "text is not UTF-8"});
    return true;
  }
  if (!discarding_) partial.message.append(bytes);
  if (!last) return partial.in_frame;
  partial.in_message = false;
  event = {partial.text ? Event::Kind::text : Event::Kind::binary, CloseCode::no_status, partial.message, partial.compressed};
  return true;
}

Event Decoder::finish_control(Opcode opcode, std::string_view payload) {
  if (opcode == Opcode::close) return finish_close(payload);
  return {opcode == Opcode::ping ? Event::Kind::ping : Event::Kind::pong, CloseCode::no_status, payload};
}

Event Decoder::finish_close(std::string_view payload) {
  CloseCode code = CloseCode::no_status;
  if (!payload.empty()) {
    if (payload.size() < 2) return fail({CloseCode::protocol_error, "close frame of one byte"});
    const auto number = static_cast<std::uint16_t>(read_big_endian(payload.substr(0, 2)));
    if (!may_be_sent(number)) return fail({CloseCode::protocol_error, "close code that may not be sent"});
    code = static_cast<CloseCode>(number);
    payload.remove_prefix(2);
    if (!is_valid_utf8(payload)) return fail({CloseCode::invalid_payload, "close reason is not UTF-8"});
  }
  closed_ = true;
  return {Event::Kind::close, code, payload};
}

Event Decoder::fail(Failure failure) {
  failure_ = failure.reason;
  failure_code_ = failure.code;
  partial_.reset();
  return {Event::Kind::error, failure.code, failure.reason};
}

}  // namespace signalbox::websocket

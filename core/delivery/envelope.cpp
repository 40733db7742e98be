#include "core/delivery/envelope.hpp"

#include <concepts>

namespace signalbox {
namespace {

constexpr std::string_view kMagic{"\xF8SBX", 4};
constexpr std::uint8_t kVersion = 1;

template <std::unsigned_integral Number>
void append_number(std::string& out, Number value) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t read_u64(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

Envelope foreign(std::string_view bytes) {
  Envelope envelope;
  envelope.kind = Kind::text;
  envelope.foreign = true;
  envelope.payload = bytes;
  return envelope;
}

}  // namespace

std::string encode_envelope(Kind kind, std::uint64_t publisher, std::uint64_t sequence, std::int64_t sent_us,
                            std::string_view payload) {
  std::string out;
  out.reserve(kEnvelopeBytes + payload.size());
  out.append(kMagic);
  append_number(out, kVersion);
  append_number(out, static_cast<std::uint8_t>(kEnvelopeBytes));
  append_number(out, static_cast<std::uint8_t>(kind));
  append_number(out, std::uint8_t{0});
  append_number(out, publisher);
  append_number(out, sequence);
  append_number(out, static_cast<std::uint64_t>(sent_us));
  out.append(payload);
  return out;
}

Envelope decode_envelope(std::string_view bytes) noexcept {
  if (!bytes.starts_with(kMagic) || bytes.size() < kEnvelopeBytes) return foreign(bytes);
  const auto version = static_cast<unsigned char>(bytes[4]);
  const auto header_bytes = static_cast<unsigned char>(bytes[5]);
  const auto kind = static_cast<unsigned char>(bytes[6]);
  if (version == 0 || header_bytes < kEnvelopeBytes || header_bytes > bytes.size()) return foreign(bytes);

  Envelope envelope;
  envelope.kind = static_cast<Kind>(kind);
  envelope.known_kind = kind >= static_cast<unsigned char>(Kind::text) && kind <= static_cast<unsigned char>(Kind::control);
  envelope.publisher = read_u64(bytes.substr(8));
  envelope.sequence = read_u64(bytes.substr(16));
  envelope.sent_us = static_cast<std::int64_t>(read_u64(bytes.substr(24)));
  envelope.payload = bytes.substr(header_bytes);
  return envelope;
}

}  // namespace signalbox

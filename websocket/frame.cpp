#include "websocket/frame.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace signalbox::websocket {

namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr char kRsv1 = 0x40;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::size_t kControlPayload = 125;  // RFC 6455 section 5.5
constexpr std::size_t kCloseReason = kControlPayload - 2;

char as_char(std::uint64_t byte) noexcept { return static_cast<char>(static_cast<std::uint8_t>(byte)); }

// Writes the first bytes of a frame, without a masking key, and returns how many they are.
std::uint8_t write_header(std::array<char, 10>& bytes, Opcode opcode, std::uint64_t size, std::uint8_t mask_bit) noexcept {
  assert(static_cast<std::uint8_t>(opcode) < 0x8 || size <= kControlPayload);
  bytes[0] = as_char(kFin | static_cast<std::uint8_t>(opcode));
  const std::uint8_t length_bytes = size < 126 ? 0 : size <= 0xFFFF ? 2 : 8;
  bytes[1] = as_char(mask_bit | (length_bytes == 0 ? size : length_bytes == 2 ? 126u : 127u));
  for (std::uint8_t i = 0; i < length_bytes; ++i) {
    bytes[2u + i] = as_char(size >> (8 * (length_bytes - 1 - i)));
  }
  return static_cast<std::uint8_t>(2 + length_bytes);
}

}  // namespace

FrameHeader::FrameHeader(Opcode opcode, std::size_t payload_bytes, bool compressed) noexcept
    : bytes_{}, size_(write_header(bytes_, opcode, payload_bytes, 0)) {
  if (compressed) bytes_[0] = static_cast<char>(bytes_[0] | kRsv1);
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  const FrameHeader header(opcode, payload.size());
  out.reserve(out.size() + header.view().size() + payload.size());
  out.append(header.view()).append(payload);
}

void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload, std::uint32_t mask) {
  std::array<char, 10> header{};
  const std::size_t header_bytes = write_header(header, opcode, payload.size(), kMasked);
  std::array<char, sizeof mask> key;
  std::memcpy(key.data(), &mask, sizeof mask);
  out.reserve(out.size() + header_bytes + key.size() + payload.size());
  out.append(header.data(), header_bytes).append(key.data(), key.size()).append(payload);
  apply_mask(out.data() + out.size() - payload.size(), payload.size(), mask, 0);
}

std::string close_payload(CloseCode code, std::string_view reason) {
  if (code == CloseCode::no_status) return {};
  std::size_t size = std::min(reason.size(), kCloseReason);
  if (size < reason.size()) {
    while (size > 0 && (static_cast<std::uint8_t>(reason[size]) & 0xC0) == 0x80) --size;
  }
  const auto number = static_cast<std::uint16_t>(code);
  std::string payload{as_char(number >> 8u), as_char(number)};
  return payload.append(reason.substr(0, size));
}

void apply_mask(char* data, std::size_t size, std::uint32_t mask, std::size_t offset) noexcept {
  const int shift = static_cast<int>(offset % 4) * 8;
  mask = std::endian::native == std::endian::little ? std::rotr(mask, shift) : std::rotl(mask, shift);
  const std::uint64_t wide_mask = std::uint64_t{mask} << 32 | mask;
  std::size_t at = 0;
  for (; at + sizeof wide_mask <= size; at += sizeof wide_mask) {
    std::uint64_t word;
    std::memcpy(&word, data + at, sizeof word);
    word ^= wide_mask;
    std::memcpy(data + at, &word, sizeof word);
  }
  std::array<char, sizeof mask> key;
  std::memcpy(key.data(), &mask, sizeof mask);
  for (; at < size; ++at) data[at] = static_cast<char>(data[at] ^ key[at % 4]);
}

}  // namespace signalbox::websocket

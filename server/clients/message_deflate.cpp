#include "server/clients/message_deflate.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <new>

#include <zlib.h>

#include "websocket/utf8.hpp"

namespace signalbox {
namespace {

using websocket::CloseCode;
using websocket::Event;

/// Inflated at a time, before it is looked at how much has come.
constexpr std::size_t kChunkBytes = 16 * 1024;
/// What a sender takes off a message's end and a receiver puts there again (RFC 7692 sections 7.2.1 and 7.2.2).
constexpr std::string_view kTail("\x00\x00\xFF\xFF", 4);
/// zlib's defaults take 1.3 times as long for 1 KiB of JSON, to save 1 % more of it, and 2.2 times as long for 64 KiB, to save
/// 5 % more (bench/micro/deflate_benchmark.cpp). The lower memory level is for short messages: its table is cleared before each
/// of them.
constexpr int kLevel = 1;
constexpr int kMemoryLevel = 5;
/// zlib's status for a stream that rests at the border of two blocks (inflate() in zlib.h, `data_type`).
constexpr int kAtBlockBorder = 128;

Bytef* bytes_of(const char* data) { return reinterpret_cast<Bytef*>(const_cast<char*>(data)); }

void set_input(z_stream& stream, std::string_view input) {
  assert(input.size() <= std::numeric_limits<uInt>::max());
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size stands beside it
  stream.next_in = bytes_of(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
}

void set_output(z_stream& stream, char* data, std::size_t size) {
  assert(size <= std::numeric_limits<uInt>::max());
  stream.next_out = bytes_of(data);
  stream.avail_out = static_cast<uInt>(size);
}

/// Grows by doubling, but not beyond the limit. (A string would: its reserve() doubles whatever it is asked for.)
void append_within(std::vector<char>& out, std::string_view piece, std::size_t limit) {
  const std::size_t needed = out.size() + piece.size();
  if (needed > out.capacity()) out.reserve(std::min(limit, std::max(needed, 2 * out.capacity())));
  out.insert(out.end(), piece.begin(), piece.end());
}

}  // namespace

void MessageDeflate::InflateEnd::operator()(z_stream_s* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

void MessageDeflate::DeflateEnd::operator()(z_stream_s* stream) const noexcept {
  deflateEnd(stream);
  delete stream;
}

// A negative number of window bits: deflate's data as it is, without zlib's header.
MessageDeflate::MessageDeflate()
    : inflater_(new z_stream{}), deflater_(new z_stream{}), chunk_(std::make_unique<char[]>(kChunkBytes)) {
  if (inflateInit2(inflater_.get(), -MAX_WBITS) != Z_OK ||
      deflateInit2(deflater_.get(), kLevel, Z_DEFLATED, -static_cast<int>(kWindowBits), kMemoryLevel, Z_DEFAULT_STRATEGY) !=
          Z_OK) {
    throw std::bad_alloc();
  }
}

MessageDeflate::~MessageDeflate() = default;

Event MessageDeflate::inflate(const Event& compressed, std::size_t message_bytes, std::vector<char>& buffer) {
  const auto refuse = [](CloseCode code, const char* reason) { return Event{Event::Kind::error, code, reason}; };
  switch (inflate_message(compressed.payload, message_bytes, buffer)) {
    case Outcome::too_big: return refuse(CloseCode::message_too_big, "message too big");
    case Outcome::broken: return refuse(CloseCode::invalid_payload, "not a deflated message");
    case Outcome::whole: break;
  }
  const std::string_view payload(buffer.data(), buffer.size());
  if (compressed.kind == Event::Kind::text && !websocket::is_valid_utf8(payload)) {
    return refuse(CloseCode::invalid_payload, "text is not UTF-8");
  }
  return {compressed.kind, CloseCode::no_status, payload};
}

MessageDeflate::Outcome MessageDeflate::inflate_message(std::string_view compressed, std::size_t limit,
                                                        std::vector<char>& out) {
  z_stream& stream = *inflater_;
  out.clear();
  inflateReset(&stream);
  const Outcome outcome = inflate_piece(compressed, limit, out);
  // A sender should put an empty block behind a final one (RFC 7692 section 7.2.3.5). One that has not is understood as well:
  // the stream stands at its start again, and the tail would be taken for the half of a block.
  const bool ended_by_final_block = stream.total_in == 0 && !compressed.empty();
  if (outcome != Outcome::whole || ended_by_final_block) return outcome;
  const Outcome tail = inflate_piece(kTail, limit, out);
  if (tail != Outcome::whole) return tail;
  return (stream.data_type & kAtBlockBorder) != 0 ? Outcome::whole : Outcome::broken;
}

/// `whole`: the piece is used up, if perhaps in the midst of a block.
MessageDeflate::Outcome MessageDeflate::inflate_piece(std::string_view piece, std::size_t limit, std::vector<char>& out) {
  z_stream& stream = *inflater_;
  set_input(stream, piece);
  for (;;) {
    set_output(stream, chunk_.get(), kChunkBytes);
    const int result = ::inflate(&stream, Z_SYNC_FLUSH);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return Outcome::broken;
    const std::size_t inflated = kChunkBytes - stream.avail_out;
    if (inflated > limit - out.size()) return Outcome::too_big;
    append_within(out, {chunk_.get(), inflated}, limit);
    const bool used_up = stream.avail_in == 0 && stream.avail_out != 0;
    // Behind a final block another may begin, at the next byte (RFC 7692 section 7.2.3.5).
    if (result == Z_STREAM_END) inflateReset(&stream);
    if (used_up) return Outcome::whole;
  }
}

std::optional<std::string> MessageDeflate::deflate(std::string_view payload) {
  z_stream& stream = *deflater_;
  deflateReset(&stream);
  std::string out(payload.size(), '\0');
  set_input(stream, payload);
  set_output(stream, out.data(), out.size());
  const int result = ::deflate(&stream, Z_SYNC_FLUSH);
  assert(result == Z_OK || result == Z_BUF_ERROR);
  // With room left the flush is complete, and ends with the tail.
  if (result != Z_OK || stream.avail_out == 0) return std::nullopt;
  out.resize(out.size() - stream.avail_out - kTail.size());
  return out;
}

}  // namespace signalbox

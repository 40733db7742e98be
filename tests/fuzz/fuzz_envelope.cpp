// What comes from a broker and from clients, on its way in and out: envelopes, frames, and the JSON of envelope mode.
// Input: the bytes of a message.
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>

#include "core/delivery/envelope.hpp"
#include "core/users/user_key.hpp"
#include "server/clients/client_message.hpp"
#include "server/clients/frame.hpp"
#include "server/text/base64.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "websocket/decoder.hpp"
#include "websocket/utf8.hpp"

namespace signalbox::fuzz {
namespace {

void check_decoding(std::string_view bytes) {
  const Envelope envelope = decode_envelope(bytes);
  const std::string_view payload = envelope.payload;
  require(payload.empty() || (payload.data() >= bytes.data() && payload.data() + payload.size() == bytes.data() + bytes.size()),
          "a payload is the end of what came");
  if (envelope.foreign) {
    require(payload.size() == bytes.size() && envelope.known_kind, "a foreign message is its own payload");
  } else {
    require(!websocket::is_valid_utf8(bytes), "no text is taken for an envelope");
  }
}

void check_round_trip(std::string_view payload) {
  const std::uint64_t number = std::hash<std::string_view>()(payload);
  for (const Kind kind : {Kind::text, Kind::binary, Kind::control}) {
    const std::string bytes = encode_envelope(kind, number, ~number, static_cast<std::int64_t>(number << 1), payload);
    const Envelope back = decode_envelope(bytes);
    require(!back.foreign && back.known_kind && back.kind == kind && back.publisher == number && back.sequence == ~number &&
                back.sent_us == static_cast<std::int64_t>(number << 1) && back.payload == payload,
            "an envelope is read as it was written");
  }
}

/// As a client sees it; text if it may be.
void check_frame(std::string_view payload) {
  const Frame::Ptr frame = Frame::message("alice", payload, true);
  require(frame->user_key() == "alice" && frame->payload() == payload, "a frame holds what it was made of");
  require(frame->is_text() == websocket::is_valid_utf8(payload), "a frame is text where that is UTF-8");
  std::string wire(frame->wire());
  std::span<char> input(wire.data(), wire.size());
  websocket::Decoder decoder(websocket::Role::client);
  const websocket::Event event = decoder.next(input, {payload.size() + 1, 1});
  require(event.payload == payload && input.empty() &&
              event.kind == (frame->is_text() ? websocket::Event::Kind::text : websocket::Event::Kind::binary),
          "a client reads what was sent");
}

boost::json::object parsed(const std::string& text) {
  boost::json::parse_options options;
  options.max_depth = 33;  // a payload may be 32 deep
  boost::json::error_code ec;
  const boost::json::value value = boost::json::parse(text, ec, {}, options);
  require(!ec && value.is_object(), "what the server says is a JSON object");
  return value.as_object();
}

std::string string_of(const boost::json::value& value) { return std::string(value.as_string()); }

void check_envelope_mode(std::string_view payload) {
  const bool is_text = websocket::is_valid_utf8(payload);
  const boost::json::object binary = parsed(message_text(payload, false));
  require(base64_decode(string_of(binary.at("base64"))) == payload, "base64 gives the payload back");
  parsed(gap_text(payload));
  parsed(error_text("internal", payload));
  if (!is_text) return;
  const boost::json::object text = parsed(message_text(payload, true));
  require(text.size() == 2 && string_of(text.at("type")) == "message", "a payload adds no member to its message");
  const boost::json::value& data = text.at("data");
  require(!data.is_string() || string_of(data) == payload, "a text that is no JSON arrives as it was sent");
  require(string_of(parsed(registered_text(payload, payload, 1)).at("user")) == payload, "a user is told its own key");
}

/// A registration is what another reader of JSON would have read as one.
void check_client_message(std::string_view text) {
  for (const ClientMessage& message : {read_plain_message(text), read_envelope_message(text)}) {
    if (message.kind != ClientMessage::Kind::register_user) continue;
    const boost::json::object object = parsed(std::string(text));
    require(string_of(object.at("user_name")) == message.user_name, "the name is the one that stands there");
    const UserKey key = make_user_key(message.user_name, false);
    require(key.error || !key.key.empty(), "a name has a key or an error");
    if (!key.error)
      require(make_user_key(key.key, false).error || make_user_key(key.key, false).key == key.key, "a key is its own");
  }
  boost::json::error_code ec;
  boost::json::parse({text.data(), text.size()}, ec);
  const bool is_json = !ec;
  require(text == "ping" || (read_plain_message(text).kind == ClientMessage::Kind::not_json) == !is_json,
          "JSON is what JSON is");
}

void run(std::string_view input) {
  const Exact bytes(input);
  check_decoding(bytes.view());
  check_round_trip(bytes.view());
  check_frame(bytes.view());
  check_envelope_mode(bytes.view());
  check_client_message(bytes.view());
}

}  // namespace
}  // namespace signalbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signalbox::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}

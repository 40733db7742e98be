#include "server/clients/client_protocol.hpp"

#include "server/clients/client_message.hpp"
#include "server/clients/connection.hpp"

namespace signalbox {

using websocket::CloseCode;
using websocket::Opcode;

void ClientProtocol::on_text(Connection& connection, std::string_view text) const {
  const bool plain = connection.mode() == Mode::plain;
  const ClientMessage message = plain ? read_plain_message(text) : read_envelope_message(text);
  switch (message.kind) {
    case ClientMessage::Kind::ping:
      connection.send(Frame::own(Opcode::text, plain ? std::string_view("pong") : std::string_view(R"({"type":"pong"})")));
      return;
    case ClientMessage::Kind::register_user: connection.register_user(message.user_name); return;
    case ClientMessage::Kind::bad_name:
      if (connection.has_user()) break;
      connection.refuse_name("user_name is not a string");
      return;
    case ClientMessage::Kind::not_json:
      if (connection.has_user()) break;
      connection.close(CloseCode::policy_violation, "not JSON");
      return;
    case ClientMessage::Kind::meaningless: break;
  }
  if (!connection.has_user() && plain) return;  // register_timeout ends it
  connection.count_ignored();
  connection.tell(error_text(word(errc::invalid_argument), "not a message that is known here"));
}

void ClientProtocol::on_binary(Connection& connection, std::string_view /*bytes*/) const {
  if (connection.has_user()) {
    connection.count_ignored();
  } else {
    connection.close(CloseCode::policy_violation, "the first message has to be JSON text with a user_name");
  }
}

}  // namespace signalbox

// Plain mode and envelope mode: what a server of messages answers to its clients.
#pragma once

#include "server/clients/message_handler.hpp"

namespace signalbox {

class ClientProtocol final : public MessageHandler {
 public:
  void on_text(Connection& connection, std::string_view text) const override;
  void on_binary(Connection& connection, std::string_view bytes) const override;
};

}  // namespace signalbox

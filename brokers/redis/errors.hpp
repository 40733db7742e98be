// What the error replies of Redis mean: the one mapping table.
#pragma once

#include <string>
#include <string_view>

#include "signalbox/errc.hpp"

namespace signalbox::redis {

/// Why a connection can't be used.
enum class FaultKind {
  lost,    ///< the link or the server is away: reconnect
  auth,    ///< retry slowly until someone corrects it
  config,  ///< as auth
};

struct Fault {
  FaultKind kind = FaultKind::lost;
  std::string text;
};

struct ErrorMeaning {
  errc code;       ///< for the call that got it
  FaultKind kind;  ///< for a connection whose handshake or subscription got it
};

/// `error`: the reply's text without its leading '-'.
ErrorMeaning meaning_of(std::string_view error) noexcept;

/// True for the error by which access control refuses a command or a channel.
bool is_no_permission(std::string_view error) noexcept;

/// The error without the arguments that Redis echoes in some: they may hold a password or a payload.
std::string_view redacted(std::string_view error) noexcept;

Fault fault_of(std::string_view error);

}  // namespace signalbox::redis

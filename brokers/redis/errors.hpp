// What the error replies of Redis mean: the one mapping table.
#pragma once

#include <string>
#include <string_view>

#include "signalbox/errc.hpp"

#include "brokers/common/trouble.hpp"

namespace signalbox::redis {

/// Why a connection can't be used.
using FaultKind = brokers::TroubleKind;

struct Fault {
  FaultKind kind = FaultKind::lost;
  std::string text;
  /// The server is not the one to work with, so the other connections to it are of no use either.
  bool of_the_server = false;
};

struct ErrorMeaning {
  errc code;       ///< for the call that got it
  FaultKind kind;  ///< for a connection whose handshake or subscription got it
};

/// `error`: the reply's text without its leading '-'.
ErrorMeaning meaning_of(std::string_view error) noexcept;

/// True for the error by which access control refuses the user a channel.
bool is_channel_refused(std::string_view error) noexcept;
/// True for the error by which access control refuses the user a command, whatever the channel.
bool is_command_refused(std::string_view error) noexcept;
/// True for the errors of a server that is alive and will answer later: it loads its data or runs a script.
bool is_passing(std::string_view error) noexcept;
/// True for what a node of a cluster answers that does not serve the slot, now or any more.
bool is_elsewhere(std::string_view error) noexcept;
/// True for an error that PING alone gets: the server can't write to its disk, which pub/sub does not need.
bool is_disk_trouble(std::string_view error) noexcept;

/// The error without the arguments that Redis echoes in some (they may hold a password or a payload) and without the
/// essays that it appends to some.
std::string_view redacted(std::string_view error) noexcept;

Fault fault_of(std::string_view error);

}  // namespace signalbox::redis

// What the words of a NATS server mean: the one mapping table.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "signalbox/errc.hpp"

namespace signalbox::nats {

/// Why a connection can't be used.
enum class FaultKind {
  lost,    ///< the link or the server is away: reconnect
  limit,   ///< the server takes no more: reconnect slowly
  auth,    ///< retry slowly until someone corrects it
  config,  ///< as auth
};

struct Fault {
  FaultKind kind = FaultKind::lost;
  std::string text;
};

struct ErrorMeaning {
  errc code;       ///< for the call that got it
  FaultKind kind;  ///< for the connection that got it
};

/// `error`: the text behind -ERR, without quotes, or the library's own.
[[nodiscard]] ErrorMeaning meaning_of(std::string_view error) noexcept;

[[nodiscard]] Fault fault_of(std::string_view error);

/// Access control refuses one subject; the connection stays.
struct Violation {
  bool publish = false;  ///< else a subscription
  std::string subject;
  bool whole = true;  ///< false: the library cuts errors at 255 bytes, and only the subject's beginning is known
  std::string text;
};

/// Subjects of up to so many bytes are named whole.
inline constexpr std::size_t kNamedBytes = 200;

/// Reads "Permissions Violation for Publish to "SUBJECT"" and its like.
[[nodiscard]] std::optional<Violation> read_violation(std::string_view error);

}  // namespace signalbox::nats

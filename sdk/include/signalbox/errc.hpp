// The error codes of Signalbox: what a broker call, an HTTP answer and an envelope-mode client can be told.
#pragma once

#include <string>
#include <system_error>

namespace signalbox {

/// Why a call failed. Each value tells the caller what it may assume and what to do next.
enum class errc {
  /// The channel, payload or setting is malformed. Nothing was sent; repeating it is pointless.
  invalid_argument = 1,
  /// The payload is larger than the broker or the configuration allows. Nothing was sent.
  too_large,
  /// The broker can't be reached or can't know now. Surely not sent; repeat after the broker is ready.
  unavailable,
  /// A queue limit was reached. Surely not sent; slow down and repeat.
  overloaded,
  /// The answer was lost after bytes may have left: it may or may not have happened. Never retried for the caller.
  unknown_outcome,
  /// The broker refuses this channel (access control). Permanent until its operator changes it.
  rejected,
  /// A later call for the same channel overtook this one before it was sent.
  superseded,
  /// This broker can't do that at all.
  unsupported,
  /// After stop(): no call is taken any more.
  closed,
  /// A fault of ours or of the plugin. The text says which.
  internal,
};

/// The code's word, as it stands in HTTP answers, in envelope mode and in metrics; "ok" for 0, "internal" for unknown values.
constexpr const char* word(errc code) noexcept {
  switch (code) {
    case errc::invalid_argument: return "invalid_argument";
    case errc::too_large: return "too_large";
    case errc::unavailable: return "unavailable";
    case errc::overloaded: return "overloaded";
    case errc::unknown_outcome: return "unknown_outcome";
    case errc::rejected: return "rejected";
    case errc::superseded: return "superseded";
    case errc::unsupported: return "unsupported";
    case errc::closed: return "closed";
    case errc::internal: return "internal";
  }
  return static_cast<int>(code) == 0 ? "ok" : "internal";
}

/// The category of errc. Threading: any thread. Each shared library has its own instance, so codes cross the plugin
/// boundary as integers only (plugin.h).
inline const std::error_category& category() noexcept {
  class Category final : public std::error_category {
   public:
    [[nodiscard]] const char* name() const noexcept override { return "signalbox"; }
    [[nodiscard]] std::string message(int value) const override { return word(static_cast<errc>(value)); }
  };
  static const Category instance;
  return instance;
}

inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category()}; }

}  // namespace signalbox

template <>
struct std::is_error_code_enum<signalbox::errc> : std::true_type {};

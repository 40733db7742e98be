// The rules for user names, and the key that a name stands for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace signalbox {

/// Longest name in bytes as sent. The key of such a name may be longer: lower case can take more bytes.
inline constexpr std::size_t kMaxUserNameBytes = 256;

struct UserKey {
  std::string key;              ///< empty if there is an error
  const char* error = nullptr;  ///< why the name can't be a user's; static text
};

/// The key of the user called `name`: the name in lower case by Unicode's simple mapping (one code point to one, no folding,
/// no normalisation, no trimming), or the name itself if case counts.
/// Errors: empty, too long, no UTF-8, or with a control character (Unicode's Cc).
UserKey make_user_key(std::string_view name, bool case_sensitive);

}  // namespace signalbox

// Where secrets come from, and how they are hidden.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace signalbox {

inline constexpr std::string_view kMask = "***";

using Environment = std::vector<std::pair<std::string, std::string>>;

/// The variable of env:NAME, the text of file:PATH without its last line break, or `text` itself.
/// Errors: BadValue that names the variable or file.
[[nodiscard]] std::string resolve_secret(const std::string& text, const Environment& environment);

/// Hides the password of a URL, and a user name that stands alone, which may be a token. Hides too much rather than too little
/// where the URL is malformed.
[[nodiscard]] std::string mask_url(const std::string& url);

}  // namespace signalbox

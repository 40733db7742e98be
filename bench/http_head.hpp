// The head of an HTTP answer, as far as a back end of ours has to read it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace signalbox::bench {

struct HttpHead {
  int status = 0;                     ///< 0: this is not HTTP/1.1
  std::size_t size = 0;               ///< with the empty line at its end
  std::optional<std::size_t> length;  ///< of the body, if there is a Content-Length
};

/// Of the answer that `bytes` begins with; nothing while that is incomplete.
[[nodiscard]] std::optional<HttpHead> read_http_head(std::string_view bytes);

}  // namespace signalbox::bench

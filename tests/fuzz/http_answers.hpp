// What the API has answered, read back as a strict client would.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace signalbox::fuzz {

struct HttpAnswer {
  std::string status;
  bool closes = false;     ///< says Connection: close
  bool truncated = false;  ///< the stream ended before the answer did
  std::string body;
  bool operator==(const HttpAnswer&) const = default;
};

/// Reads answers to requests of these methods, in order; `ended`: the server has closed behind them. Interim answers are passed
/// over. Whatever is no proper answer of ours is a finding.
std::vector<HttpAnswer> read_answers(std::string_view bytes, bool ended, const std::vector<std::string>& methods);

}  // namespace signalbox::fuzz

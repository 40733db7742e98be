// An HTTP answer, and the errors as section 3 of the API has them.
#pragma once

#include <string>
#include <string_view>

#include "signalbox/broker.hpp"

namespace signalbox::api {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kNdjson = "application/x-ndjson";
inline constexpr std::string_view kPlain = "text/plain; charset=utf-8";

struct Answer {
  unsigned status = 200;
  std::string body;
  std::string_view content_type = kJson;
  std::string headers;  ///< whole lines
};

/// {"error":{"code","message"}}
std::string error_object(std::string_view code, std::string_view message);

/// An error answer whose code is one of errc's words, with the status that belongs to it.
Answer error_answer(errc code, std::string_view message);
Answer error_answer(const Status& status);
/// One of HTTP's own: not found, not allowed, unauthorized, a refused head.
Answer http_error(unsigned status, std::string_view message);

/// How an answer is framed on its connection.
struct Framing {
  bool keep_alive = true;
  bool head_only = false;  ///< to a HEAD
};

/// Appends the answer's bytes.
void append_answer(std::string& out, const Answer& answer, Framing framing);

}  // namespace signalbox::api

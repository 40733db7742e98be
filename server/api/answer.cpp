#include "server/api/answer.hpp"

#include "server/http/request_head.hpp"
#include "server/text/json.hpp"

namespace signalbox::api {
namespace {

unsigned status_of(errc code) {
  switch (code) {
    case errc::invalid_argument: return 400;
    case errc::too_large: return 413;
    case errc::unavailable:
    case errc::closed: return 503;
    case errc::overloaded: return 429;
    case errc::unknown_outcome: return 504;
    case errc::rejected: return 403;
    case errc::unsupported: return 501;
    case errc::superseded:
    case errc::internal: return 500;
  }
  return 500;
}

/// The words for what HTTP itself refuses.
std::string_view http_code(unsigned status) {
  switch (status) {
    case 401: return "unauthorized";
    case 403: return "forbidden";
    case 404: return "not_found";
    case 405: return "method_not_allowed";
    case 408: return "timeout";
    case 411: return "length_required";
    case 431: return "head_too_large";
    case 501:
    case 505: return word(errc::unsupported);
    default: return word(errc::invalid_argument);
  }
}

}  // namespace

std::string error_object(std::string_view code, std::string_view message) {
  return R"({"code":)" + json::quoted(code) + R"(,"message":)" + json::quoted(message) + "}";
}

Answer error_answer(errc code, std::string_view message) {
  const unsigned status = status_of(code);
  return {status, R"({"error":)" + error_object(word(code), message) + "}\n", kJson,
          status == 503 || status == 429 ? "Retry-After: 1\r\n" : ""};
}

Answer error_answer(const Status& status) {
  const auto code = static_cast<errc>(status.code.value());
  return error_answer(code, status.detail.empty() ? word(code) : status.detail);
}

Answer http_error(unsigned status, std::string_view message) {
  return {status, R"({"error":)" + error_object(http_code(status), message) + "}\n", kJson,
          status == 401 ? "WWW-Authenticate: Bearer\r\n" : ""};
}

void append_answer(std::string& out, const Answer& answer, Framing framing) {
  out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ").append(http::reason_phrase(answer.status));
  out.append("\r\nContent-Type: ").append(answer.content_type);
  out.append("\r\nContent-Length: ").append(std::to_string(answer.body.size())).append("\r\n").append(answer.headers);
  if (!framing.keep_alive) out.append("Connection: close\r\n");
  out.append("\r\n");
  if (!framing.head_only) out.append(answer.body);
}

}  // namespace signalbox::api

// The one source file that stands on Boost.Beast's parser. Boost 1.81's has known leniencies (repeated equal Content-Length,
// folded Transfer-Encoding, missing Host, …): what it would let pass is refused before it is asked.
#include "server/http/request_head.hpp"

#include <algorithm>
#include <charconv>
#include <exception>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/url/authority_view.hpp>
#include <boost/url/pct_string_view.hpp>

#include "core/config/port.hpp"

namespace signalbox::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view trim(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

HeadResult refused(unsigned status, const char* reason) { return {HeadResult::Kind::refused, 0, status, reason}; }
HeadResult ok() { return {HeadResult::Kind::complete, 0, 0, ""}; }
bool is_refused(const HeadResult& result) { return result.kind == HeadResult::Kind::refused; }

/// The end of the head (after the empty line), 0 if it is not there yet, or npos for a line that does not end in CR LF.
std::size_t head_end(std::string_view bytes) {
  std::size_t line = 0;
  for (;;) {
    const std::size_t feed = bytes.find('\n', line);
    if (feed == std::string_view::npos) return 0;
    if (feed == 0 || bytes[feed - 1] != '\r') return std::string_view::npos;
    if (feed - line == 1) return feed + 1;
    line = feed + 1;
  }
}

template <class Predicate>
bool any_token(const RequestHead& head, std::string_view name, Predicate predicate) {
  for (const auto& [field, value] : head.fields) {
    if (!equal_without_case(field, name)) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t comma = rest.find(',');
      if (predicate(trim(rest.substr(0, comma)))) return true;
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
  return false;
}

bool has_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

/// Splits a whole head into fields. A folded line or white space around a name is not NAME: VALUE.
HeadResult read_fields(std::string_view bytes, RequestHead& head) {
  for (std::size_t line = 0; line < bytes.size();) {
    const std::size_t end = bytes.find('\r', line);
    if (bytes[end + 1] != '\n') return refused(400, "a carriage return stands alone");
    const std::string_view text = bytes.substr(line, end - line);
    if (has_control(text)) return refused(400, "a control character in the head");
    if (line > 0 && !text.empty()) {
      const std::string_view name = text.substr(0, text.find(':'));
      if (name.empty() || name.size() == text.size() || !std::all_of(name.begin(), name.end(), is_token)) {
        return refused(400, "a header line is not NAME: VALUE");
      }
      if (head.fields.size() == kMaxFields) return refused(431, "more than 128 header fields");
      head.fields.emplace_back(name, trim(text.substr(name.size() + 1)));
    }
    line = end + 2;
  }
  return ok();
}

/// Beast's parser, asked for the request line. Fed a whole head at once, so that its views are ours.
class Parser final : public beast_http::basic_parser<true> {
 public:
  explicit Parser(RequestHead& head) : head_(head) {
    header_limit(kMaxHeadBytes);
    body_limit(boost::none);
    eager(false);
  }

 private:
  void on_request_impl(beast_http::verb, boost::beast::string_view method, boost::beast::string_view target, int version,
                       error_code&) override {
    head_.method = {method.data(), method.size()};
    head_.target = {target.data(), target.size()};
    head_.http_1_0 = version == 10;
  }
  void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}
  void on_field_impl(beast_http::field, boost::beast::string_view, boost::beast::string_view, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(boost::beast::string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  RequestHead& head_;
};

HeadResult parse_with_beast(std::string_view bytes, RequestHead& head) {
  Parser parser(head);
  error_code ec;
  try {
    parser.put(boost::asio::buffer(bytes), ec);
  } catch (const std::exception&) {  // Boost 1.81's parser throws where its own limits are exceeded
    return refused(400, "not an HTTP request");
  }
  // Beast calls a bad version whatever stands in its place, the rest of a target with a space in it too.
  const std::string_view line = bytes.substr(0, bytes.find('\r'));
  const bool has_version = std::count(line.begin(), line.end(), ' ') == 2 && line.find(" HTTP/") != std::string_view::npos;
  if (ec == beast_http::error::bad_version && has_version) return refused(505, "only HTTP/1.0 and HTTP/1.1 are spoken");
  if (ec || !parser.is_header_done()) return refused(400, "not an HTTP request");
  return ok();
}

/// Gateways that turn names into variables (CGI) can't tell an underscore from a dash: such a field is one that frames the
/// message to them, and none to everybody else.
bool frames_for_some(const RequestHead& head) noexcept {
  return head.count("content_length") + head.count("transfer_encoding") > 0;
}

HeadResult check_length(RequestHead& head) {
  if (frames_for_some(head)) return refused(400, "Content_Length or Transfer_Encoding, with an underscore");
  const std::size_t lengths = head.count("content-length");
  const std::size_t encodings = head.count("transfer-encoding");
  if (lengths > 1) return refused(400, "more than one Content-Length");
  if (lengths == 1) {
    const std::string_view digits = *head.find("content-length");
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), head.content_length);
    if (ec != std::errc() || end != digits.data() + digits.size()) return refused(400, "Content-Length is not a number");
  }
  if (encodings == 0) return ok();
  if (lengths > 0) return refused(400, "both Content-Length and Transfer-Encoding");
  const bool chunked = encodings == 1 && equal_without_case(*head.find("transfer-encoding"), "chunked");
  return chunked ? refused(411, "Transfer-Encoding is not taken: send a Content-Length")
                 : refused(501, "this Transfer-Encoding is not known");
}

/// uri-host [ ":" port ] (RFC 9110 section 7.2), which may be empty. No name has a comma: it would join two Hosts.
bool is_host(std::string_view text) noexcept {
  const auto authority = boost::urls::parse_authority({text.data(), text.size()});
  if (!authority || authority->has_userinfo() || text.find(',') != std::string_view::npos) return false;
  if (!authority->has_port() || authority->port().empty()) return true;
  return parse_port(authority->port()) && !authority->encoded_host().empty();
}

/// A proxy on the way may have been told to drop what tells where the request ends and whom it is for.
bool drops_framing(const RequestHead& head) noexcept {
  return head.has_token("connection", "content-length") || head.has_token("connection", "transfer-encoding") ||
         head.has_token("connection", "host");
}

HeadResult check_meaning(RequestHead& head) {
  const std::size_t hosts = head.count("host");
  if (hosts > 1 || (hosts == 0 && !head.http_1_0)) return refused(400, "exactly one Host is needed");
  if (hosts == 1 && !is_host(*head.find("host"))) return refused(400, "Host is not a host and port");
  if (head.count("content-type") > 1) return refused(400, "more than one Content-Type");
  if (drops_framing(head)) return refused(400, "Connection names Content-Length, Transfer-Encoding or Host");
  if (!head.target.starts_with('/')) return refused(400, "the request target is not a path");
  head.keep_alive = !head.http_1_0 && !head.has_token("connection", "close");
  return ok();
}

}  // namespace

HeadResult parse_head(std::string_view bytes, RequestHead& head) {
  const std::size_t end = head_end(bytes.substr(0, kMaxHeadBytes + 1));
  if (end == std::string_view::npos) return refused(400, "a line does not end in CR LF");
  if (end > kMaxHeadBytes || (end == 0 && bytes.size() > kMaxHeadBytes)) return refused(431, "the head is larger than 16 KiB");
  if (end == 0) return {};
  head = {};
  const std::string_view text = bytes.substr(0, end);
  HeadResult result = read_fields(text, head);
  if (!is_refused(result)) result = check_length(head);
  if (!is_refused(result)) result = parse_with_beast(text, head);
  if (!is_refused(result)) result = check_meaning(head);
  result.bytes = end;
  return result;
}

std::optional<std::string_view> RequestHead::find(std::string_view name) const noexcept {
  for (const auto& [field, value] : fields) {
    if (equal_without_case(field, name)) return value;
  }
  return std::nullopt;
}

std::size_t RequestHead::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [name](const auto& field) { return equal_without_case(field.first, name); }));
}

bool RequestHead::has_token(std::string_view name, std::string_view token) const noexcept {
  return any_token(*this, name, [token](std::string_view one) { return equal_without_case(one, token); });
}

bool RequestHead::has_exact_token(std::string_view name, std::string_view token) const noexcept {
  return any_token(*this, name, [token](std::string_view one) { return one == token; });
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  const auto checked = boost::urls::make_pct_string_view({text.data(), text.size()});
  if (!checked) return std::nullopt;
  boost::urls::encoding_opts options;
  options.space_as_plus = plus_is_space;
  return checked->decode(options);
}

bool is_token(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool equal_without_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

const char* reason_phrase(unsigned status) noexcept {
  return beast_http::obsolete_reason(static_cast<beast_http::status>(status)).data();
}

}  // namespace signalbox::http

#include "tests/fuzz/http_answers.hpp"

#include <charconv>
#include <map>

#include <boost/json/parse.hpp>

#include "tests/fuzz/fuzz.hpp"

namespace signalbox::fuzz {
namespace {

using Fields = std::map<std::string, std::string, std::less<>>;

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  require(end != std::string_view::npos, "a line of an answer's head ends");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

std::size_t number(std::string_view digits, int base) {
  std::size_t value = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  require(ec == std::errc() && end == digits.data() + digits.size(), "a length is a number");
  return value;
}

Fields take_fields(std::string_view& rest) {
  static constexpr std::string_view kOurs[] = {"Content-Type", "Content-Length",   "Connection",       "Allow",
                                               "Retry-After",  "WWW-Authenticate", "Transfer-Encoding"};
  Fields fields;
  for (std::string_view line = take_line(rest); !line.empty(); line = take_line(rest)) {
    const std::size_t colon = line.find(": ");
    require(colon != std::string_view::npos, "a field of an answer is NAME: VALUE");
    const std::string_view name = line.substr(0, colon);
    require(std::find(std::begin(kOurs), std::end(kOurs), name) != std::end(kOurs), "no request adds a field to an answer");
    require(fields.emplace(name, line.substr(colon + 2)).second, "no field stands in an answer twice");
  }
  return fields;
}

void take_bytes(std::string_view& rest, std::size_t count, HttpAnswer& answer) {
  answer.truncated = rest.size() < count;
  answer.body.append(rest.substr(0, count));
  rest.remove_prefix(std::min(count, rest.size()));
}

void take_chunks(std::string_view& rest, HttpAnswer& answer) {
  while (rest.find("\r\n") != std::string_view::npos) {
    const std::size_t size = number(take_line(rest), 16);
    take_bytes(rest, size, answer);
    if (answer.truncated || rest.size() < 2) break;
    require(take_line(rest).empty(), "a chunk ends where it says");
    if (size == 0) return;
  }
  answer.truncated = true;
}

void check_json(const Fields& fields, const HttpAnswer& answer) {
  const auto type = fields.find("Content-Type");
  require(type != fields.end(), "an answer tells its type");
  boost::json::error_code ec;
  if (type->second == "application/json") {
    boost::json::parse({answer.body.data(), answer.body.size()}, ec);
    require(!ec, "JSON is valid");
  }
  if (type->second != "application/x-ndjson") return;
  for (std::string_view rest = answer.body; rest.find('\n') != std::string_view::npos;) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    boost::json::parse({line.data(), line.size()}, ec);
    require(!ec, "each line is valid JSON");
    rest.remove_prefix(line.size() + 1);
  }
}

HttpAnswer take_answer(std::string_view& rest, bool ended, const std::string& method) {
  std::string_view line = take_line(rest);
  while (line == "HTTP/1.1 100 Continue") {
    require(take_line(rest).empty(), "an interim answer has no fields");
    line = take_line(rest);
  }
  require(line.starts_with("HTTP/1.1 ") && line.size() > 13 && line[12] == ' ', "an answer begins with its status");
  HttpAnswer answer;
  answer.status = line.substr(9, 3);
  const Fields fields = take_fields(rest);
  const auto connection = fields.find("Connection");
  answer.closes = connection != fields.end() && connection->second == "close";
  const auto length = fields.find("Content-Length");
  const bool chunked = fields.contains("Transfer-Encoding");
  require(!chunked || length == fields.end(), "an answer is framed in one way");
  if (method == "HEAD") return answer;
  if (chunked) {
    take_chunks(rest, answer);
  } else if (length != fields.end()) {
    take_bytes(rest, number(length->second, 10), answer);
  } else {
    require(answer.closes, "an answer without a length ends the connection");
    take_bytes(rest, rest.size(), answer);
    answer.truncated = !ended;
  }
  if (!answer.truncated) check_json(fields, answer);
  return answer;
}

}  // namespace

std::vector<HttpAnswer> read_answers(std::string_view bytes, bool ended, const std::vector<std::string>& methods) {
  std::vector<HttpAnswer> answers;
  while (!bytes.empty() && bytes != "HTTP/1.1 100 Continue\r\n\r\n") {
    require(answers.size() < methods.size(), "there are no more answers than requests");
    answers.push_back(take_answer(bytes, ended, methods[answers.size()]));
    require(!answers.back().truncated || bytes.empty(), "only the last answer may be unfinished");
    require(!answers.back().closes || bytes.empty(), "nothing follows Connection: close");
  }
  return answers;
}

}  // namespace signalbox::fuzz

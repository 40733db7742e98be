// The first request on server.listen, as handshake.cpp reads it: all that has come is looked at after each read. Its verdict
// must not depend on where the reads were cut, a refusal ends the connection, and a WebSocket is opened by nothing but a proper
// handshake.
// Input: one byte for the rules, four for the cuts, then the stream.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/users/user_key.hpp"
#include "server/clients/upgrade.hpp"
#include "server/http/request_head.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace signalbox::fuzz {
namespace {

using http::HeadResult;
using http::RequestHead;

struct Verdict {
  unsigned status = 0;  ///< 0: the head is incomplete
  std::size_t head_bytes = 0;
  std::string answer;
  bool operator==(const Verdict&) const = default;
};

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++found;
  return found;
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

void check_refusal(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  require(end != std::string_view::npos && answer.starts_with("HTTP/1.1 "), "a refusal is an HTTP answer");
  require(count(answer, "\r\nConnection: close\r\n") == 1, "a refusal ends the connection");
  const std::string length = "\r\nContent-Length: " + std::to_string(answer.size() - end - 4) + "\r\n";
  require(count(answer, length) == 1, "a refusal tells its length");
}

/// What no other head may have been taken for, read here by other means than the parser's.
void check_upgrade(std::string_view head, std::string_view answer) {
  const std::string lower = in_lower_case(head);
  require(head.starts_with("GET /") && head.ends_with("\r\n\r\n"), "an upgrade is a GET with a complete head");
  require(head.find(" HTTP/1.1\r\n") == head.find("\r\n") - 9, "an upgrade is HTTP/1.1");
  require(count(head, "\r\n") == count(head, "\n") && count(head, "\r\n") == count(head, "\r"), "lines end in CR LF");
  require(count(lower, "\r\nhost:") == 1, "an upgrade names one Host");
  require(count(lower, "\r\ntransfer-encoding:") == 0, "an upgrade has no coding");
  require(count(lower, "\r\n ") == 0 && count(lower, "\r\n\t") == 0, "no line is folded");
  require(count(lower, "\r\nsec-websocket-key:") == 1, "an upgrade has one key");
  require(count(answer, "\r\nSec-WebSocket-Accept: ") == 1, "an upgrade is accepted with its key");
  require(count(answer, "\r\n\r\n") == 1 && answer.ends_with("\r\n\r\n"), "nothing of the request gets into the answer");
}

Verdict answer_to(const UpgradeDecision& decision, std::size_t head_bytes, std::string_view head) {
  if (decision.status == 101) {
    const std::string answer = upgrade_text(decision);
    check_upgrade(head, answer);
    if (decision.user_name && !decision.user_name_error) {
      const UserKey key = make_user_key(*decision.user_name, false);
      require(key.error || (!key.key.empty() && key.key.size() <= 768), "a user key fits its channel");
    }
    return {101, head_bytes, answer};
  }
  check_refusal(refusal_text(decision, false));
  return {decision.status, 0, refusal_text(decision, false)};
}

/// The same head written plainly must mean the same.
std::string rewritten(const RequestHead& head) {
  std::string text(head.method);
  text.append(" ").append(head.target).append(head.http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  for (const auto& [name, value] : head.fields) text.append(name).append(": ").append(value).append("\r\n");
  return text.append("\r\n");
}

Verdict judge(std::string_view bytes, const UpgradeRules& rules) {
  RequestHead head;
  const HeadResult result = http::parse_head(bytes, head);
  if (result.kind == HeadResult::Kind::incomplete) return {};
  if (result.kind == HeadResult::Kind::refused) {
    return answer_to({result.status, result.reason, {}, Mode::plain, std::nullopt, nullptr}, 0, {});
  }
  require(result.bytes <= bytes.size() && result.bytes <= http::kMaxHeadBytes, "a head ends where it ends");
  const UpgradeDecision decision = decide_upgrade(head, rules);
  const std::string plain = rewritten(head);
  if (plain.size() <= http::kMaxHeadBytes) {
    RequestHead again;
    require(http::parse_head(plain, again).kind == HeadResult::Kind::complete, "a head written plainly is taken");
    require(decide_upgrade(again, rules).status == decision.status, "a head written plainly means the same");
  }
  return answer_to(decision, result.bytes, bytes.substr(0, result.bytes));
}

Verdict judge_in_pieces(const Input& input, const UpgradeRules& rules) {
  std::string_view come = input.stream.substr(0, 0);
  for (Cuts cuts(input.stream, input.seed); !cuts.done();) {
    come = input.stream.substr(0, come.size() + cuts.next().size());
    const Exact bytes(come);
    const Verdict verdict = judge(bytes.view(), rules);
    if (verdict.status != 0) return verdict;
  }
  return {};
}

void run(const Input& input) {
  const std::vector<std::string> origins = (input.flags & 1) != 0
                                               ? std::vector<std::string>{"https://app.example.org", "*.example.com"}
                                               : std::vector<std::string>{};
  const bool ready = (input.flags & 4) == 0;
  const UpgradeRules rules{origins, (input.flags & 2) != 0, [ready] { return ready ? std::string() : std::string("broker"); },
                           (input.flags & 8) != 0};
  const Exact bytes(input.stream);
  require(judge(bytes.view(), rules) == judge_in_pieces(input, rules), "the verdict does not depend on the cuts");
}

}  // namespace
}  // namespace signalbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signalbox::fuzz::run({data, size});
  return 0;
}

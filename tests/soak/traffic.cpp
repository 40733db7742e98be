#include "tests/soak/traffic.hpp"

#include <sstream>

#include "tests/integration/json.hpp"
#include "tests/soak/payload.hpp"

namespace signalbox::test {
namespace {

constexpr milliseconds kSinglePause = 10ms;
constexpr milliseconds kBulkPause = 200ms;
constexpr std::size_t kMostLines = 30;

std::string outcome_of(const HttpResponse& response) {
  if (response.status == 200) return "delivered";
  if (response.status == 404) return "nobody";
  return error_code(response.body);
}

std::string outcome_of(const std::string& line) {
  const boost::json::object object = json(line);
  const boost::json::value* delivered = object.if_contains("delivered");
  if (delivered && delivered->is_bool()) return delivered->get_bool() ? "delivered" : "nobody";
  return error_code(line);
}

}  // namespace

BackEnd::BackEnd(Ledger& ledger, Record& record, std::string source, std::uint16_t api_port, std::vector<std::string> users,
                 std::uint64_t seed)
    : ledger_(ledger), record_(record), source_(std::move(source)), http_(api_port), users_(std::move(users)), random_(seed) {}

SingleTraffic::SingleTraffic(Ledger& ledger, Record& record, std::string source, std::uint16_t api_port,
                             std::vector<std::string> users, std::uint64_t seed)
    : BackEnd(ledger, record, std::move(source), api_port, std::move(users), seed), loop_([this] { turn(); }) {}

void SingleTraffic::turn() {
  publish();
  if (++turns_ % 3 == 0) ask();
  std::this_thread::sleep_for(kSinglePause);
}

void SingleTraffic::publish() {
  const std::string& user = any_user();
  const Ledger::Id message = ledger_.begin(source_, user);
  try {
    ledger_.end(message, outcome_of(http_.post("/api/v1/users/" + user + "/messages", filled_payload(message))));
  } catch (const std::exception& error) {
    ledger_.end(message, "no answer");
    record_.complain(source_ + ": " + error.what());
  }
}

void SingleTraffic::ask() {
  const std::string& user = any_user();
  const auto begun = Ledger::Clock::now();
  try {
    const HttpResponse answer = http_.get("/api/v1/users/" + user);
    ledger_.asked(user, begun, answer.status == 200 ? "yes" : answer.status == 404 ? "no" : error_code(answer.body));
  } catch (const std::exception& error) {
    record_.complain(source_ + ": " + error.what());
  }
}

BulkTraffic::BulkTraffic(Ledger& ledger, Record& record, std::string source, std::uint16_t api_port,
                         std::vector<std::string> users, std::uint64_t seed)
    : BackEnd(ledger, record, std::move(source), api_port, std::move(users), seed), loop_([this] { turn(); }) {}

void BulkTraffic::turn() {
  std::vector<Ledger::Id> messages;
  std::string body;
  for (std::size_t lines = 1 + random_() % kMostLines; lines > 0; --lines) {
    const std::string& user = any_user();
    messages.push_back(ledger_.begin(source_, user));
    body += boost::json::serialize(boost::json::object{{"user", user}, {"text", filled_payload(messages.back())}}) + "\n";
  }
  try {
    const HttpResponse answer = http_.post("/api/v1/messages", body, {{"Content-Type", "application/x-ndjson"}});
    if (answer.status != 200) throw std::runtime_error("bulk: " + std::to_string(answer.status) + " " + answer.body);
    take(answer.body, messages);
  } catch (const std::exception& error) {
    for (const Ledger::Id message : messages) ledger_.end(message, "no answer");
    record_.complain(source_ + ": " + error.what());
  }
  std::this_thread::sleep_for(kBulkPause);
}

void BulkTraffic::take(const std::string& answer, const std::vector<Ledger::Id>& messages) {
  std::istringstream stream(answer);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  if (lines.size() != messages.size()) throw std::runtime_error("bulk: not a line a message: " + answer.substr(0, 1000));
  for (std::size_t i = 0; i < lines.size(); ++i) ledger_.end(messages[i], outcome_of(lines[i]));
}

}  // namespace signalbox::test

#include "brokers/nats/publisher.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace signalbox::nats {
namespace {

constexpr std::size_t kOverhead = 64;  // a line of the protocol beside its names

/// 'p' + number for a publish, 'q' + number for a question.
std::string reply_name(char kind, std::uint64_t number) { return kind + std::to_string(number); }

bool concerns(const Violation& violation, std::string_view refused, std::string_view channel) {
  return violation.whole ? channel == refused : channel.starts_with(refused);
}

}  // namespace

void Publisher::publish(std::string_view channel, std::string_view payload, std::size_t cost, PublishDone done, Time deadline) {
  Publish call{std::string(channel), {}, channel.size() + payload.size() + kOverhead, cost, std::move(done), deadline};
  if (waiting_.empty() && has_room(call.bytes)) return say(std::move(call), payload);
  call.payload = payload;
  waiting_.push_back(std::move(call));
}

void Publisher::say(Publish call, std::string_view payload) {
  wire_->publish(call.channel, payload, reply_name('p', first_ + said_.size()));
  said_bytes_ += call.bytes;
  said_.push_back(std::move(call));
}

void Publisher::say_waiting(Time now) {
  while (!waiting_.empty() && has_room(waiting_.front().bytes)) {
    Publish call = std::move(waiting_.front());
    waiting_.pop_front();
    if (now >= call.deadline) {
      finish(call, {errc::unavailable, "not sent in time"});
      continue;
    }
    const std::string payload = std::move(call.payload);
    say(std::move(call), payload);
  }
}

void Publisher::exists(std::string_view channel, std::size_t cost, ExistsDone done, Time deadline, Time now) {
  const std::uint64_t number = next_question_++;
  Question question{std::string(channel), cost, std::move(done), deadline, now};
  ask(number, question);
  questions_.emplace(number, std::move(question));
}

void Publisher::ask(std::uint64_t number, const Question& question) { wire_->probe(question.channel, reply_name('q', number)); }

void Publisher::on_up(Wire& wire, Time) {
  wire_ = &wire;
  fence_.reset();
}

void Publisher::on_fence(Time now) {
  fence_.returned(now);
  window_bytes_ = wire_->is_secure() ? kSecureWindowBytes : kWindowBytes;
  for (; !said_.empty() && first_ <= fenced_; ++first_) {
    Publish call = std::move(said_.front());
    said_.pop_front();
    said_bytes_ -= call.bytes;
    if (call.done) finish(call, {}, {1, Precision::at_least});
  }
}

void Publisher::on_answer(std::string_view reply, Answer answer) {
  std::uint64_t number = 0;
  if (reply.empty() || std::from_chars(reply.data() + 1, reply.data() + reply.size(), number).ec != std::errc()) return;
  if (reply.front() == 'q') {
    const auto question = questions_.find(number);
    if (question == questions_.end()) return;
    finish(question->second, {}, answer == Answer::holder);
    questions_.erase(question);
  } else if (reply.front() == 'p' && answer == Answer::nobody && number >= first_ && number - first_ < said_.size()) {
    Publish& call = said_[number - first_];
    if (call.done) finish(call, {}, {0, Precision::at_least});
  }
}

/// It does not say which of several; they are refused in the order in which they were said.
void Publisher::on_violation(const Violation& violation, std::string_view channel) {
  const Status refused{meaning_of(violation.text).code, violation.text};
  const auto open = [&](const Publish& call) { return call.done && concerns(violation, channel, call.channel); };
  if (const auto call = std::find_if(said_.begin(), said_.end(), open); call != said_.end()) return finish(*call, refused);
  const auto asked = [&](const auto& entry) { return concerns(violation, channel, entry.second.channel); };
  const auto question = std::find_if(questions_.begin(), questions_.end(), asked);
  if (question == questions_.end()) return;
  finish(question->second, refused);
  questions_.erase(question);
}

void Publisher::on_down() {
  wire_ = nullptr;
  fence_.reset();
  first_ += said_.size();
  said_bytes_ = 0;
  for (Publish& call : std::exchange(said_, {})) {
    if (call.done) lost_.push_back({std::move(call), true});
  }
  for (Publish& call : std::exchange(waiting_, {})) lost_.push_back({std::move(call), false});
  for (auto& [number, question] : std::exchange(questions_, {})) {
    finish(question, {errc::unavailable, "the connection was lost"});
  }
}

std::optional<Fault> Publisher::turn(Time now) {
  finish_lost();
  if (!wire_) return std::nullopt;
  expire_questions(now);
  const auto open = std::find_if(said_.begin(), said_.end(), [](const Publish& call) { return static_cast<bool>(call.done); });
  if (open != said_.end() && now >= open->deadline) return Fault{FaultKind::lost, "a publish was not answered in time"};
  if (fence_.late(now)) return Fault{FaultKind::lost, "no echo of the loopback probe for 3 s"};
  ask_again(now);
  say_waiting(now);
  if (!fence_.open() && (!said_.empty() || fence_.idle(now))) {
    fenced_ = first_ + said_.size() - 1;
    fence_.send(*wire_, now);
  }
  return std::nullopt;
}

void Publisher::expire_questions(Time now) {
  while (!questions_.empty() && now >= questions_.begin()->second.deadline) {
    finish(questions_.begin()->second, {errc::unavailable, "whoever holds it did not answer in time"});
    questions_.erase(questions_.begin());
  }
}

void Publisher::ask_again(Time now) {
  if (questions_.empty() || now - asked_again_at_ < kTick) return;
  asked_again_at_ = now;
  for (auto& [number, question] : questions_) {
    if (now - question.asked_at < kAskAgain) continue;
    ask(number, question);
    question.asked_at = now;
  }
}

void Publisher::finish(Publish& call, const Status& status, Receivers receivers) {
  budget_.give_back(call.cost);
  std::exchange(call.done, {})(status, receivers);
}

void Publisher::finish(Question& question, const Status& status, bool exists) {
  budget_.give_back(question.cost);
  question.done(status, exists);
}

void Publisher::finish_lost() {
  for (std::size_t count = 0; count < kCompletionsPerTurn && !lost_.empty(); ++count) {
    Lost lost = std::move(lost_.front());
    lost_.pop_front();
    finish(lost.call, lost.said ? Status{errc::unknown_outcome, "the connection was lost before the answer"}
                                : Status{errc::unavailable, "the connection was lost"});
  }
}

void Publisher::close_calls() {
  const Status closed{errc::closed, "the broker is stopped"};
  for (Publish& call : said_) {
    if (call.done) finish(call, closed);
  }
  for (Publish& call : std::exchange(waiting_, {})) finish(call, closed);
  for (Lost& lost : std::exchange(lost_, {})) finish(lost.call, closed);
  for (auto& [number, question] : std::exchange(questions_, {})) finish(question, closed);
}

}  // namespace signalbox::nats

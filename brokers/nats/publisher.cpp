#include "brokers/nats/publisher.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace signalbox::nats {
namespace {

const Status kNotSent{errc::unavailable, "not sent in time"};
const Status kConnectionLost{errc::unavailable, "the connection was lost"};
constexpr std::size_t kOverhead = 64;  // a line of the protocol beside its names

/// 'p' + number for a publish, 'q' + number for a question.
std::string reply_name(char kind, std::uint64_t number) { return kind + std::to_string(number); }

bool concerns(const Violation& violation, std::string_view refused, std::string_view channel) {
  return violation.whole ? channel == refused : channel.starts_with(refused);
}

}  // namespace

void Publisher::publish(std::string_view channel, std::string_view payload, std::size_t cost, PublishDone done, Time deadline) {
  Publish call{std::string(channel), channel.size() + payload.size() + kOverhead, cost, std::move(done), deadline};
  if (waiting_.empty() && has_room(call.bytes)) return say(std::move(call), payload);
  waiting_.push_back({std::move(call), std::string(payload)});
}

void Publisher::say(Publish&& call, std::string_view payload) {
  wire_->publish(call.channel, payload, reply_name('p', first_ + said_.size()));
  said_bytes_ += call.bytes;
  said_.push_back(std::move(call));
}

void Publisher::say_waiting(Time now) {
  for (; !waiting_.empty() && has_room(waiting_.front().call.bytes); waiting_.pop_front()) {
    auto& [call, payload] = waiting_.front();
    if (now + kTimeToAnswer >= call.deadline) {
      finish(call, kNotSent);
    } else {
      say(std::move(call), payload);
    }
  }
}

void Publisher::exists(std::string_view channel, std::size_t cost, ExistsDone done, Time deadline, Time now) {
  questions_.emplace(next_question_, Question{std::string(channel), cost, std::move(done), deadline});
  unasked_.push_back(next_question_++);
  ask_waiting(now);
}

void Publisher::ask(std::uint64_t number, Time now) {
  const auto question = questions_.find(number);
  if (question == questions_.end()) return;  // answered, or too late
  wire_->probe(question->second.channel, reply_name('q', number));
  ++asks_open_;
  asked_.push_back({number, now});
}

void Publisher::ask_waiting(Time now) {
  while (!unasked_.empty() && asks_open_ < kWindow) {
    ask(unasked_.front(), now);
    unasked_.pop_front();
  }
}

void Publisher::ask_again(Time now) {
  while (!asked_.empty() && now - asked_.front().at >= kAskAgain && asks_open_ < kWindow) {
    const std::uint64_t number = asked_.front().number;
    asked_.pop_front();
    ask(number, now);
  }
}

void Publisher::on_up(Wire& wire, Time) {
  wire_ = &wire;
  fence_.reset();
}

void Publisher::on_fence(Time now) {
  fence_.returned(now);
  window_bytes_ = wire_->is_secure() ? kSecureWindowBytes : kWindowBytes;
  asks_open_ -= std::exchange(asks_fenced_, 0);
  const std::size_t count = first_ <= fenced_ ? std::min<std::size_t>(fenced_ + 1 - first_, said_.size()) : 0;
  std::size_t cost = 0;
  for (std::size_t i = 0; i < count; ++i) {
    said_bytes_ -= said_[i].bytes;
    if (said_[i].done) cost += said_[i].cost;
  }
  budget_.give_back(cost);  // at once: the threads that publish take from it all the time
  for (std::size_t i = 0; i < count; ++i, said_.pop_front()) {
    if (PublishDone& done = said_.front().done) done({}, {1, Precision::at_least});
  }
  first_ += count;
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

/// It does not say which of several publishes to a channel; they are refused in the order in which they were said.
void Publisher::on_violation(const Violation& violation, std::string_view channel) {
  const auto open = [&](const Publish& call) { return call.done && concerns(violation, channel, call.channel); };
  const auto asked = [&](const auto& entry) { return concerns(violation, channel, entry.second.channel); };
  const auto call = std::find_if(said_.begin(), said_.end(), open);
  const auto question = std::find_if(questions_.begin(), questions_.end(), asked);
  const bool found = call != said_.end();
  if (!found && question == questions_.end()) return;
  const std::string name = found ? call->channel : question->second.channel;
  const auto other_call = [&](const Publish& one) { return open(one) && one.channel != name; };
  const auto other_question = [&](const auto& one) { return asked(one) && one.second.channel != name; };
  if (!violation.whole && (std::any_of(said_.begin(), said_.end(), other_call) ||
                           std::any_of(questions_.begin(), questions_.end(), other_question))) {
    return give_up(violation, channel);
  }
  const Status refused{meaning_of(violation.text).code, violation.text};
  if (found) return finish(*call, refused);
  finish(question->second, refused);
  questions_.erase(question);
}

/// One of these was refused, and nobody can tell which.
void Publisher::give_up(const Violation& violation, std::string_view channel) {
  for (Publish& call : said_) {
    if (call.done && concerns(violation, channel, call.channel)) finish(call, {errc::unknown_outcome, violation.text});
  }
  for (auto entry = questions_.begin(); entry != questions_.end();) {
    const bool concerned = concerns(violation, channel, entry->second.channel);
    if (concerned) finish(entry->second, {errc::unavailable, violation.text});
    entry = concerned ? questions_.erase(entry) : std::next(entry);
  }
}

void Publisher::on_down() {
  wire_ = nullptr;
  fence_.reset();
  first_ += said_.size();
  said_bytes_ = asks_open_ = asks_fenced_ = 0;
  for (Publish& call : std::exchange(said_, {})) {
    if (call.done) lost_.push_back({std::move(call), true});
  }
  for (Waiting& waiting : std::exchange(waiting_, {})) lost_.push_back({std::move(waiting.call), false});
  for (auto& [number, question] : std::exchange(questions_, {})) lost_questions_.push_back(std::move(question));
  unasked_.clear();
  asked_.clear();
}

std::optional<Fault> Publisher::turn(Time now) {
  finish_lost();
  if (!wire_) return std::nullopt;
  expire(now);
  if (fence_.late(now)) return Fault{FaultKind::lost, "no echo of the loopback probe for 3 s"};
  if (!fence_.open()) ask_again(now);
  ask_waiting(now);
  say_waiting(now);
  if (!fence_.open() && (!said_.empty() || asks_open_ > 0 || fence_.idle(now))) {
    fenced_ = first_ + said_.size() - 1;
    asks_fenced_ = asks_open_;
    fence_.send(*wire_, now);
  }
  return std::nullopt;
}

void Publisher::expire(Time now) {
  for (Publish& call : said_) {
    if (now < call.deadline) break;
    if (call.done) finish(call, {errc::unknown_outcome, "not answered in time"});
  }
  std::size_t count = 0;
  for (; count < kCompletionsPerTurn && !waiting_.empty() && now + kTimeToAnswer >= waiting_.front().call.deadline; ++count) {
    finish(waiting_.front().call, kNotSent);
    waiting_.pop_front();
  }
  for (; count < kCompletionsPerTurn && !questions_.empty() && now >= questions_.begin()->second.deadline; ++count) {
    finish(questions_.begin()->second, {errc::unavailable, "whoever holds it did not answer in time"});
    questions_.erase(questions_.begin());
  }
  unfinished_ = unfinished_ || count == kCompletionsPerTurn;
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
  std::size_t count = 0;
  for (; count < kCompletionsPerTurn && !lost_.empty(); ++count) {
    Lost lost = std::move(lost_.front());
    lost_.pop_front();
    finish(lost.call, lost.said ? Status{errc::unknown_outcome, "the connection was lost before the answer"} : kConnectionLost);
  }
  for (; count < kCompletionsPerTurn && !lost_questions_.empty(); ++count) {
    Question question = std::move(lost_questions_.front());
    lost_questions_.pop_front();
    finish(question, kConnectionLost);
  }
  unfinished_ = !lost_.empty() || !lost_questions_.empty();
}

void Publisher::close_calls() {
  const Status closed{errc::closed, "the broker is stopped"};
  for (Publish& call : said_) {
    if (call.done) finish(call, closed);
  }
  for (Waiting& waiting : std::exchange(waiting_, {})) finish(waiting.call, closed);
  for (Lost& lost : std::exchange(lost_, {})) finish(lost.call, closed);
  for (auto& [number, question] : std::exchange(questions_, {})) finish(question, closed);
  for (Question& question : std::exchange(lost_questions_, {})) finish(question, closed);
}

}  // namespace signalbox::nats

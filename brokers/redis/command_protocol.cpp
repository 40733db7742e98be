#include "brokers/redis/command_protocol.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "brokers/common/turn.hpp"
#include "brokers/redis/cluster_map.hpp"

namespace signalbox::redis {
namespace {

using brokers::kCompletionsPerTurn;

Fault unexpected(std::string_view command) {
  return {FaultKind::lost, "protocol error: unexpected reply to " + std::string(command)};
}

/// A refused channel concerns the one call; other kinds of error spoil the connection as well.
std::optional<Fault> fault_beyond_the_call(std::string_view error) {
  if (meaning_of(error).kind == FaultKind::lost || is_channel_refused(error)) return std::nullopt;
  return fault_of(error);
}

/// So that the first of each slot is the first to be late.
struct BySlotAndDeadline {
  template <class Call>
  bool operator()(const Call& one, const Call& other) const {
    return std::tie(one.group, one.deadline) < std::tie(other.group, other.deadline);
  }
};

}  // namespace

void CommandProtocol::publish(std::string_view channel, std::string_view payload, std::size_t cost, PublishDone done,
                              Time deadline) {
  const std::size_t group = tags_ ? HashTags::group(channel) : 0;
  awaited_.push_back({Publish{std::move(done), cost, written() + out_.size(), group, deadline}, deadline});
  append_command(out_, {dialect_.publish, channel, payload});
}

void CommandProtocol::exists(std::string_view channel, std::size_t cost, ExistsDone done, Time deadline) {
  questions_.push_back({std::string(channel), tags_ ? HashTags::group(channel) : 0, std::move(done), cost, deadline});
}

void CommandProtocol::probe(std::string_view channel, Counted counted, Time now) {
  awaited_.push_back({Probe{std::move(counted)}, now + kSilence});
  append_command(out_, {dialect_.publish, channel, ""});
}

void CommandProtocol::on_established(Time now) {
  role_asked_at_ = tags_ ? now - kRoleInterval : now;  // by the handshake, but for whom it sees
  role_awaited_ = false;
}

std::optional<Fault> CommandProtocol::on_turn(Time now, std::string& out) {
  finish_lost();
  if (!established()) return std::nullopt;
  if (!questions_.empty()) ask();
  if (!unsure_.empty()) make_sure();
  ask_role(now);
  if (out.empty()) {
    out.swap(out_);
  } else {
    out.append(out_);
  }
  out_.clear();
  expire(now);
  if (!late(now)) return std::nullopt;
  return Fault{FaultKind::lost, "a command was not answered in time"};
}

void CommandProtocol::ask_role(Time now) {
  const bool due = !role_awaited_ && now - role_asked_at_ >= kRoleInterval;
  if (!due && !role_due_by_) return;
  append_command(out_, {"ROLE"});
  const std::optional<Time> due_by = std::exchange(role_due_by_, {});
  awaited_.push_back({Role{due_by.has_value()}, std::min(now + kSilence, due_by.value_or(now + kSilence))});
  if (!due) return;
  role_asked_at_ = now;
  role_awaited_ = true;
  if (!tags_) return;
  append_command(out_, {"CLUSTER", "NODES"});
  awaited_.push_back({Sight{}, now + kSilence});
}

/// In a cluster those of one slot together.
void CommandProtocol::ask() {
  if (tags_) std::sort(questions_.begin(), questions_.end(), BySlotAndDeadline());
  for (auto first = questions_.begin(); first != questions_.end();) {
    const auto limit = first + std::min<std::ptrdiff_t>(questions_.end() - first, kNamesPerCommand);
    const auto other = std::find_if(first, limit, [&](const Question& question) { return question.group != first->group; });
    const auto count = other - first;
    const Time deadline = first->deadline;
    append_count(out_, static_cast<std::size_t>(count) + 2);
    append_argument(out_, "PUBSUB");
    append_argument(out_, dialect_.count);
    const auto last = first + count;
    for (auto question = first; question != last; ++question) append_argument(out_, question->channel);
    const std::size_t group = first->group;
    awaited_.push_back({Questions(std::make_move_iterator(first), std::make_move_iterator(last)), deadline});
    if (tags_) guard(group, deadline, {});
    first = last;
  }
  questions_.clear();
}

void CommandProtocol::make_sure() {
  std::sort(unsure_.begin(), unsure_.end(), BySlotAndDeadline());
  for (auto first = unsure_.begin(); first != unsure_.end();) {
    const std::size_t group = first->group;
    const Time deadline = first->deadline;
    const auto last = std::find_if(first, unsure_.end(), [&](const Publish& call) { return call.group != group; });
    guard(group, deadline, Publishes(std::make_move_iterator(first), std::make_move_iterator(last)));
    first = last;
  }
  unsure_.clear();
}

void CommandProtocol::guard(std::size_t group, Time deadline, Publishes nobody) {
  role_due_by_ = std::min(role_due_by_.value_or(deadline), deadline);
  awaited_.push_back({Guard{std::move(nobody), {}}, deadline});
  append_command(out_, {dialect_.publish, tags_->reserved(group, "guard"), ""});
}

/// That of the one call, or question, was no fault of the connection's.
bool CommandProtocol::take_elsewhere(std::string_view error) {
  if (!tags_ || !is_elsewhere(error)) return false;
  redirected_ = true;
  return true;
}

std::size_t CommandProtocol::take_plain(std::string_view bytes, Time) {
  const std::size_t before = bytes.size();
  while (const std::size_t count = take_counts(bytes)) {
    for (std::size_t i = 0; i < count; ++i, pop()) take_count(std::get<Publish>(awaited_.front().what), counts_[i]);
  }
  return before - bytes.size();
}

/// The answers to the first publishes, as far as there is room for them. What these hold of the budget is given back at once:
/// the threads that publish take from it all the time.
std::size_t CommandProtocol::take_counts(std::string_view& bytes) {
  std::size_t cost = 0;
  std::size_t count = 0;
  for (; count < std::min(counts_.size(), awaited_.size()); ++count) {
    const auto* call = std::get_if<Publish>(&awaited_[count].what);
    const auto receivers = call ? take_number(bytes, ':') : std::nullopt;
    if (!receivers) break;
    counts_[count] = *receivers;
    if (!is_unsure(*call, *receivers)) cost += call->cost;
  }
  if (cost > 0) budget_.give_back(cost);
  return count;
}

void CommandProtocol::take_count(Publish& call, std::uint64_t receivers) {
  if (is_unsure(call, receivers)) {
    unsure_.push_back(std::move(call));
  } else if (call.done) {
    call.done({}, {receivers, Precision::exact});
  }
}

std::optional<Fault> CommandProtocol::on_reply(Reply reply, Time) {
  if (awaited_.empty()) return Fault{FaultKind::lost, "protocol error: a reply that nothing asked for"};
  Awaited awaited = std::move(awaited_.front());
  pop();
  return std::visit([&](auto& what) { return answer(what, *reply); }, awaited.what);
}

std::optional<Fault> CommandProtocol::answer(Publish& call, const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) {
    const auto receivers = static_cast<std::uint64_t>(reply.integer);
    if (!is_unsure(call, receivers)) budget_.give_back(call.cost);
    take_count(call, receivers);
    return std::nullopt;
  }
  if (reply.type == REDIS_REPLY_ERROR) {
    finish(call, {meaning_of(text(reply)).code, redacted(text(reply))});
    return take_elsewhere(text(reply)) ? std::nullopt : fault_beyond_the_call(text(reply));
  }
  finish(call, {errc::unknown_outcome, "unexpected reply"});
  return unexpected("PUBLISH");
}

std::optional<Fault> CommandProtocol::answer(Questions& calls, const redisReply& reply) {
  if (reply.type == REDIS_REPLY_ERROR) {
    finish(calls, {meaning_of(text(reply)).code, redacted(text(reply))});
    return fault_beyond_the_call(text(reply));
  }
  // Pairs of name and count in the order of the question.
  const auto fits = [&] {
    if (reply.type != REDIS_REPLY_ARRAY || reply.elements != calls.size() * 2) return false;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (text(*reply.element[2 * i]) != calls[i].channel || reply.element[2 * i + 1]->type != REDIS_REPLY_INTEGER)
        return false;
    }
    return true;
  };
  if (!fits()) {
    finish(calls, {errc::unavailable, "unexpected reply"});
    return unexpected("PUBSUB NUMSUB");
  }
  for (std::size_t i = 0; i < calls.size(); ++i) calls[i].yes = reply.element[2 * i + 1]->integer > 0;
  if (tags_) {
    std::get<Guard>(awaited_.front().what).counted = std::move(calls);  // it was written behind the question
  } else {
    finish(calls, {});
  }
  return std::nullopt;
}

std::optional<Fault> CommandProtocol::answer(Probe& probe, const redisReply& reply) {
  if (reply.type == REDIS_REPLY_ERROR) {
    if (!take_elsewhere(text(reply))) return fault_of(text(reply));
    probe.counted({});
    return std::nullopt;
  }
  if (reply.type != REDIS_REPLY_INTEGER) return unexpected("PUBLISH");
  proven_ = true;
  probe.counted(reply.integer > 0);
  return std::nullopt;
}

std::optional<Fault> CommandProtocol::answer(Role&, const redisReply& reply) {
  role_awaited_ = false;
  std::optional<Fault> fault = fault_in_role(wanted(), reply);
  settle_guarded(fault);
  return fault;
}

void CommandProtocol::settle_guarded(const std::optional<Fault>& fault) {
  for (Guard& guard : std::exchange(guarded_, {})) {
    if (fault) {
      doubt(guard, fault->text);
    } else if (cut_off_) {
      doubt(guard, "the server is cut off from most masters of the cluster");
    } else {
      finish(guard, {}, {});
    }
  }
}

std::optional<Fault> CommandProtocol::answer(Guard& guard, const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) {
    guarded_.push_back(std::move(guard));
    return std::nullopt;
  }
  const bool error = reply.type == REDIS_REPLY_ERROR;
  const std::string_view words = error ? redacted(text(reply)) : "unexpected reply";
  finish(guard, {errc::unknown_outcome, words}, {errc::unavailable, words});
  if (!error) return unexpected("PUBLISH");
  return take_elsewhere(text(reply)) ? std::nullopt : fault_beyond_the_call(text(reply));
}

std::optional<Fault> CommandProtocol::answer(Sight&, const redisReply& reply) {
  if (reply.type == REDIS_REPLY_ERROR) return fault_of(text(reply));
  if (reply.type != REDIS_REPLY_STRING) return unexpected("CLUSTER NODES");
  if (is_cut_off(text(reply))) cut_off_at_ = heard_at();
  cut_off_ = cut_off_at_ && heard_at() - *cut_off_at_ < kRejoin;
  return std::nullopt;
}

void CommandProtocol::finish(Publish& call, const Status& status, Receivers receivers) {
  budget_.give_back(call.cost);
  if (call.done) call.done(status, receivers);
}

void CommandProtocol::finish(Questions& calls, const Status& status) {
  for (Question& call : calls) {
    budget_.give_back(call.cost);
    if (call.done) call.done(status, status.ok() && call.yes);
  }
}

/// Whoever is counted is there; who is not may be where this server does not see.
void CommandProtocol::doubt(Guard& guard, std::string_view words) {
  for (Publish& call : guard.nobody) finish(call, {errc::unknown_outcome, words});
  for (Question& call : guard.counted) {
    budget_.give_back(call.cost);
    if (call.done) call.done(call.yes ? Status{} : Status{errc::unavailable, words}, call.yes);
  }
}

void CommandProtocol::finish(Guard& guard, const Status& of_publishes, const Status& of_questions) {
  for (Publish& call : guard.nobody) finish(call, of_publishes, {0, of_publishes.ok() ? Precision::exact : Precision::unknown});
  finish(guard.counted, of_questions);
}

void CommandProtocol::on_lost(std::uint64_t sent) {
  proven_ = cut_off_ = more_are_late_ = false;
  told_ = 0;
  cut_off_at_.reset();
  out_.clear();
  if (!questions_.empty()) awaited_.push_back({std::exchange(questions_, {}), {}});
  if (!unsure_.empty()) awaited_.push_back({Guard{std::exchange(unsure_, {}), {}}, {}});
  for (Guard& guard : std::exchange(guarded_, {})) awaited_.push_back({std::move(guard), {}});
  role_due_by_.reset();
  if (!awaited_.empty()) lost_.push_back({std::exchange(awaited_, {}), sent});
}

void CommandProtocol::finish_lost() {
  for (std::size_t count = 0; count < kCompletionsPerTurn && !lost_.empty();) {
    Remains& remains = lost_.front();
    Awaited awaited = std::move(remains.awaited.front());
    remains.awaited.pop_front();
    if (auto* call = std::get_if<Publish>(&awaited.what)) {
      const bool may_have_left = call->begin < remains.sent;
      finish(*call, may_have_left ? Status{errc::unknown_outcome, "the connection was lost before the answer"}
                                  : Status{errc::unavailable, "the connection was lost"});
      ++count;
    } else if (auto* calls = std::get_if<Questions>(&awaited.what)) {
      finish(*calls, {errc::unavailable, "the connection was lost"});
      count += calls->size();
    } else if (auto* guard = std::get_if<Guard>(&awaited.what)) {
      finish(*guard, {errc::unknown_outcome, "the connection was lost before it was sure"},
             {errc::unavailable, "the connection was lost"});
      count += guard->nobody.size() + guard->counted.size();
    }
    if (remains.awaited.empty()) lost_.pop_front();
  }
}

void CommandProtocol::close_calls() {
  on_lost(0);
  const Status closed{errc::closed, "the broker is stopped"};
  for (Remains& remains : std::exchange(lost_, {})) {
    for (Awaited& awaited : remains.awaited) {
      if (auto* call = std::get_if<Publish>(&awaited.what)) finish(*call, closed);
      if (auto* calls = std::get_if<Questions>(&awaited.what)) finish(*calls, closed);
      if (auto* guard = std::get_if<Guard>(&awaited.what)) finish(*guard, closed, closed);
    }
  }
}

}  // namespace signalbox::redis

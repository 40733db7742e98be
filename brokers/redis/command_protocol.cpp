#include "brokers/redis/command_protocol.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace signalbox::redis {
namespace {

Fault unexpected(std::string_view command) {
  return {FaultKind::lost, "protocol error: unexpected reply to " + std::string(command)};
}

/// A refusal concerns the one call; other kinds of error spoil the connection as well.
std::optional<Fault> fault_beyond_the_call(std::string_view error) {
  if (meaning_of(error).kind == FaultKind::lost || is_no_permission(error)) return std::nullopt;
  return fault_of(error);
}

}  // namespace

void CommandProtocol::publish(std::string_view channel, std::string_view payload, std::size_t cost, PublishDone done,
                              Time now) {
  awaited_.push_back({Publish{std::move(done), cost, written() + out_.size()}, now + call_timeout()});
  append_command(out_, {"PUBLISH", channel, payload});
}

void CommandProtocol::exists(std::string_view channel, std::size_t cost, ExistsDone done) {
  questions_.push_back({std::string(channel), std::move(done), cost});
}

void CommandProtocol::probe(std::string_view channel, Time now) {
  awaited_.push_back({Probe{}, now + call_timeout()});
  append_command(out_, {"PUBLISH", channel, ""});
}

void CommandProtocol::on_ping(Time now) { awaited_.push_back({Ping{}, now + std::min(kSilence, call_timeout())}); }

std::optional<Fault> CommandProtocol::on_turn(Time now, std::string& out) {
  if (!questions_.empty()) ask(now);
  if (out.empty()) {
    out.swap(out_);
  } else {
    out.append(out_);
  }
  out_.clear();
  if (awaited_.empty() || now < awaited_.front().deadline) return std::nullopt;
  return Fault{FaultKind::lost, "a command was not answered in time"};
}

void CommandProtocol::ask(Time now) {
  for (auto first = questions_.begin(); first != questions_.end();) {
    const auto count = std::min<std::ptrdiff_t>(questions_.end() - first, kNamesPerCommand);
    append_count(out_, static_cast<std::size_t>(count) + 2);
    append_argument(out_, "PUBSUB");
    append_argument(out_, "NUMSUB");
    const auto last = first + count;
    for (auto question = first; question != last; ++question) append_argument(out_, question->channel);
    awaited_.push_back({Questions(std::make_move_iterator(first), std::make_move_iterator(last)), now + call_timeout()});
    first = last;
  }
  questions_.clear();
}

std::optional<Fault> CommandProtocol::on_reply(Reply reply, Time) {
  if (awaited_.empty()) return Fault{FaultKind::lost, "protocol error: a reply that nothing asked for"};
  Awaited awaited = std::move(awaited_.front());
  awaited_.pop_front();
  if (auto* call = std::get_if<Publish>(&awaited.what)) return answer(*call, *reply);
  if (auto* calls = std::get_if<Questions>(&awaited.what)) return answer(*calls, *reply);
  if (reply->type == REDIS_REPLY_ERROR) return fault_of(text(*reply));
  const int expected = std::holds_alternative<Probe>(awaited.what) ? REDIS_REPLY_INTEGER : REDIS_REPLY_STATUS;
  if (reply->type != expected) return unexpected(std::holds_alternative<Probe>(awaited.what) ? "PUBLISH" : "PING");
  proven_ = proven_ || std::holds_alternative<Probe>(awaited.what);
  return std::nullopt;
}

std::optional<Fault> CommandProtocol::answer(Publish& call, const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) {
    finish(call, {}, {static_cast<std::uint64_t>(reply.integer), Precision::exact});
    return std::nullopt;
  }
  if (reply.type == REDIS_REPLY_ERROR) {
    finish(call, {meaning_of(text(reply)).code, redacted(text(reply))});
    return fault_beyond_the_call(text(reply));
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
  for (std::size_t i = 0; i < calls.size(); ++i) {
    budget_.give_back(calls[i].cost);
    calls[i].done({}, reply.element[2 * i + 1]->integer > 0);
  }
  return std::nullopt;
}

void CommandProtocol::finish(Publish& call, const Status& status, Receivers receivers) {
  budget_.give_back(call.cost);
  call.done(status, receivers);
}

void CommandProtocol::finish(Questions& calls, const Status& status) {
  for (Question& call : calls) {
    budget_.give_back(call.cost);
    call.done(status, false);
  }
}

void CommandProtocol::on_lost(std::uint64_t sent) {
  std::deque<Awaited> open = std::exchange(awaited_, {});
  proven_ = false;
  out_.clear();
  for (Awaited& awaited : open) {
    if (auto* call = std::get_if<Publish>(&awaited.what)) {
      const bool may_have_left = call->begin < sent;
      finish(*call, may_have_left ? Status{errc::unknown_outcome, "the connection was lost before the answer"}
                                  : Status{errc::unavailable, "the connection was lost"});
    } else if (auto* calls = std::get_if<Questions>(&awaited.what)) {
      finish(*calls, {errc::unavailable, "the connection was lost"});
    }
  }
  finish(questions_, {errc::unavailable, "the connection was lost"});
  questions_.clear();
}

void CommandProtocol::close_calls() {
  const Status closed{errc::closed, "the broker is stopped"};
  for (Awaited& awaited : awaited_) {
    if (auto* call = std::get_if<Publish>(&awaited.what)) finish(*call, closed);
    if (auto* calls = std::get_if<Questions>(&awaited.what)) finish(*calls, closed);
  }
  awaited_.clear();
  finish(questions_, closed);
  questions_.clear();
}

}  // namespace signalbox::redis

// What a Redis server may say, at any time and in any words: the reply reader, the handshake and both protocols, over any
// number of links. Nothing it says may crash the plugin, leave a call open, or complete one twice. Input: "c" (commands) or "s"
// (subscriptions), in a cluster "k" or "l"; upper case with a login; then steps, each a letter and what belongs to it, with "~"
// between them: see step().
#include <array>
#include <charconv>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "brokers/redis/command_protocol.hpp"
#include "brokers/redis/subscriber_protocol.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/brokers/redis/wire.hpp"

namespace signalbox::fuzz {
namespace {

using namespace redis;

constexpr std::string_view kProbe = "\x02probe";
constexpr std::size_t kMaxSteps = 256;

/// The open calls, each of which has to complete once and in time.
class Calls {
 public:
  std::size_t open(Time deadline) {
    calls_.push_back({deadline, 0});
    return calls_.size() - 1;
  }
  void complete(std::size_t call) { require(++calls_[call].completions == 1, "a call completes once"); }
  void require_complete(Time now) const {
    for (const Call& call : calls_) require(call.completions == 1 || call.deadline > now, "a call completes in time");
  }

 private:
  struct Call {
    Time deadline;
    int completions;
  };
  std::deque<Call> calls_;
};

const HashTags kTags("p:");

/// To a subscription or its end; nullptr: it is something else.
const char* kind_of_answer(std::string_view command) {
  if (command == "SUBSCRIBE") return "subscribe";
  if (command == "UNSUBSCRIBE") return "unsubscribe";
  if (command == "SSUBSCRIBE") return "ssubscribe";
  return command == "SUNSUBSCRIBE" ? "sunsubscribe" : nullptr;
}

/// What a server that works answers to all that was written.
std::string honest_replies(std::string_view written) {
  std::string out;
  for_each_command(written, [&](const redisReply& command) {
    const auto argument = [&](std::size_t i) { return text(*command.element[i]); };
    const std::string_view name = argument(0);
    if (name == "ROLE") {
      out += kMaster;
    } else if (name == "INFO") {
      out += bulk("cluster_enabled:0");
    } else if (name == "PUBLISH" || name == "SPUBLISH") {
      out += ":1\r\n";
    } else if (name == "PING") {
      out += "*2\r\n" + bulk("pong") + bulk(command.elements > 1 ? argument(1) : "");
    } else if (name == "PUBSUB") {
      append_count(out, 2 * (command.elements - 2));
      for (std::size_t i = 2; i < command.elements; ++i) out += bulk(argument(i)) + ":1\r\n";
    } else if (const char* kind = kind_of_answer(name)) {
      for (std::size_t i = 1; i < command.elements; ++i) out += acknowledged(kind, argument(i));
    } else {
      out += "+OK\r\n";
    }
  });
  return out;
}

/// One protocol, its links and its clock.
class Link {
 public:
  explicit Link(Protocol& protocol) : protocol_(protocol) { connect(); }

  void hear(std::string_view bytes) {
    const Exact exact(bytes);
    on_fault(protocol_.feed(exact.view(), now));
  }
  void hear_honest_replies() {
    const std::string replies = honest_replies(unanswered_);
    unanswered_.clear();
    hear(replies);
  }
  void turn() {
    bool more = true;
    for (int turns = 0; more; ++turns) {
      require(turns < 1000, "work comes to an end");
      const std::size_t before = unanswered_.size();
      std::string out;
      const std::optional<Fault> fault = protocol_.turn(now, out);
      unanswered_ += out;
      sent_ += unanswered_.size() - before;
      on_fault(fault);
      more = fault || protocol_.unfinished();  // what a fault cut short has the next turn
    }
  }
  void lose(bool with_all_sent) {
    protocol_.lost(with_all_sent ? sent_ : 0);
    connect();
  }

  Time now = Time(std::chrono::hours(1));

 private:
  void on_fault(const std::optional<Fault>& fault) {
    if (!fault) return;
    require(!fault->text.empty(), "a fault says what it is");
    lose(true);
  }
  void connect() {
    unanswered_.clear();
    protocol_.connected(now, unanswered_);
    sent_ = unanswered_.size();
  }

  Protocol& protocol_;
  std::string unanswered_;
  std::uint64_t sent_ = 0;
};

class Listener final : public SubscriberEvents {
 public:
  void on_messages(std::span<const Message> messages) override {
    for (const Message& message : messages) bytes_ += std::string(message.channel).size() + std::string(message.payload).size();
  }
  void on_refused(std::string_view channel, std::string_view detail) override {
    require(!channel.empty() && !detail.empty(), "a refusal names its channel");
  }
  void on_missed(std::span<const std::string_view> channels) override {
    for (const std::string_view channel : channels) bytes_ += std::string(channel).size();
  }

 private:
  std::size_t bytes_ = 0;
};

Handshake handshake(bool with_login) {
  if (!with_login) return {{}, "fuzz"};
  return {{"user", "password", 3}, "fuzz", {{"PUBSUB", "NUMSUB"}, {"PUBLISH", std::string(kProbe), ""}}};
}

/// The steps that both kinds of connection have; false for a letter that is none of these.
bool step(Link& link, char letter, std::string_view rest) {
  switch (letter) {
    case 'r': link.hear(rest); return true;             // the server says these bytes
    case 'h': link.hear_honest_replies(); return true;  // it answers all that it was asked
    case 'l': link.lose(true); return true;             // the link breaks, all written bytes may have left
    case 'x': link.lose(false); return true;            // the same, and none has
    case 't': {                                         // milliseconds pass
      unsigned milliseconds = 0;
      std::from_chars(rest.data(), rest.data() + rest.size(), milliseconds);
      link.now += Duration(milliseconds % 10'000);
      link.turn();
      return true;
    }
    default: return false;
  }
}

template <class Step>
void for_each_step(std::string_view steps, Step run_step) {
  for (std::size_t count = 0; !steps.empty() && count < kMaxSteps; ++count) {
    const std::size_t end = std::min(steps.find('~'), steps.size());
    if (end > 0) run_step(steps.front(), steps.substr(1, end - 1));
    steps.remove_prefix(std::min(end + 1, steps.size()));
  }
}

Time deadline(const Link& link) { return link.now + Duration(1950); }

void converse_on_commands(bool with_login, const HashTags* tags, std::string_view steps) {
  brokers::Budget budget(1 << 20);
  CommandProtocol protocol(handshake(with_login), Duration(2000), budget, tags);
  Calls calls;
  Link link(protocol);
  for_each_step(steps, [&](char letter, std::string_view rest) {
    const bool callable = protocol.established() && budget.take(rest.size());
    const std::size_t equals = std::min(rest.find('='), rest.size());
    if (letter == 'p' && callable) {  // publish CHANNEL=PAYLOAD
      const std::size_t call = calls.open(deadline(link));
      protocol.publish(
          rest.substr(0, equals), rest.substr(std::min(equals + 1, rest.size())), rest.size(),
          [&calls, call](Status, Receivers) { calls.complete(call); }, deadline(link));
      return;
    }
    if (letter == 'e' && callable) {  // exists CHANNEL
      const std::size_t call = calls.open(deadline(link));
      protocol.exists(rest, rest.size(), [&calls, call](Status, bool) { calls.complete(call); }, deadline(link));
      return;
    }
    if (callable) budget.give_back(rest.size());
    if (letter == 'b' && callable) protocol.probe(kProbe, [](std::optional<bool>) {}, link.now);
    if (step(link, letter, rest) && letter == 't') calls.require_complete(link.now);
  });
  protocol.close_calls();
  calls.require_complete(Time::max());
  require(budget.used() == 0, "what is complete costs nothing");
}

void converse_on_subscriptions(bool with_login, const HashTags* tags, std::string_view steps) {
  Listener listener;
  SubscriberProtocol protocol(handshake(with_login), Duration(2000), std::string(kProbe), 10'000, listener, tags);
  Calls calls;
  Link link(protocol);
  bool draining = false;
  for_each_step(steps, [&](char letter, std::string_view rest) {
    if ((letter == 's' || letter == 'u') && !draining && !rest.empty()) {  // subscribe and unsubscribe CHANNEL
      const std::size_t call = calls.open(deadline(link));
      const auto done = [&calls, call](Status) { calls.complete(call); };
      letter == 's' ? protocol.subscribe(std::string(rest), done, deadline(link))
                    : protocol.unsubscribe(std::string(rest), done, deadline(link));
    } else if (letter == 'b' && protocol.probe_due(link.now)) {  // the probe is published, counted and comes back
      protocol.probe_sent();
      protocol.probe_answered(link.now);
      protocol.probe_counted();
      link.hear(tags ? "*3\r\n" + bulk("smessage") + bulk(protocol.probe_channel()) + bulk("") : message(kProbe, ""));
    } else if (letter == 'g' && tags) {  // the channels that begin so go away and come back
      for (auto& handed : protocol.give_up([rest](std::string_view name) { return name.starts_with(rest); })) {
        protocol.take_in(std::move(handed));
      }
    } else if (letter == 'm' && tags) {  // the probe goes to another slot
      protocol.set_probe_channel(tags->reserved(rest.size() % HashTags::kGroups, "probe"));
    } else if (letter == 'd') {  // the broker is stopped
      draining = true;
      protocol.drain();
    } else if (step(link, letter, rest) && letter == 't') {
      calls.require_complete(link.now);
    }
  });
  protocol.drain();
  calls.require_complete(Time::max());
}

/// The replies in a stream do not depend on how it was cut.
std::vector<std::string> replies_in(std::string_view bytes, std::size_t piece_bytes) {
  ReplyReader reader;
  std::vector<std::string> replies;
  while (!bytes.empty()) {
    const Exact piece(bytes.substr(0, piece_bytes));
    bytes.remove_prefix(piece.view().size());
    if (!reader.feed(piece.view())) return replies;
    for (Reply reply;;) {
      const ReplyReader::Next next = reader.next(reply);
      if (next == ReplyReader::Next::incomplete) break;
      replies.push_back(next == ReplyReader::Next::reply ? std::string(text(*reply)) : "garbage");
      if (next == ReplyReader::Next::garbage) return replies;
    }
  }
  return replies;
}

void run(std::string_view input) {
  if (input.empty()) return;
  const char kind = input.front();
  const std::string_view steps = input.substr(1);
  require(replies_in(steps, ReplyReader::kFeedBytes) == replies_in(steps, 1 + steps.size() % 7),
          "replies do not depend on the cuts");
  if (kind == 'c' || kind == 'C') converse_on_commands(kind == 'C', nullptr, steps);
  if (kind == 's' || kind == 'S') converse_on_subscriptions(kind == 'S', nullptr, steps);
  if (kind == 'k' || kind == 'K') converse_on_commands(kind == 'K', &kTags, steps);
  if (kind == 'l' || kind == 'L') converse_on_subscriptions(kind == 'L', &kTags, steps);
}

}  // namespace
}  // namespace signalbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signalbox::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}

// Channels are bytes: none is special, none reaches another's holders.
#include <set>

#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/outage.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {
namespace {

using namespace std::string_literals;

constexpr std::size_t kLongestChannel = 768;

/// Publishes each channel's own name to it, and expects it there once and nowhere else.
void expect_each_reaches_only_itself(Trial& trial, const std::vector<std::string>& held,
                                     const std::vector<std::string>& others) {
  const auto holder = trial.peer();
  const auto publisher = trial.peer();
  subscribe_all(*holder, held);
  trial.settle();
  for (const std::string& channel : others) trial.expect_receivers(publisher->publish(channel, channel), 0);
  for (const std::string& channel : held) trial.expect_receivers(publisher->publish(channel, channel), 1);
  ASSERT_TRUE(holder->host().wait_delivered(held.size()));
  std::set<std::pair<std::string, std::string>> expected;
  for (const std::string& channel : held) expected.emplace(channel, channel);
  const auto seen = holder->host().snapshot();
  EXPECT_EQ(seen.delivered.size(), held.size());
  EXPECT_EQ((std::set<std::pair<std::string, std::string>>(seen.delivered.begin(), seen.delivered.end())), expected);
  EXPECT_TRUE(seen.gaps.empty());
}

/// Lines of the protocols in use, as a user or a payload might bring them, that would publish to `victim`.
std::vector<std::string> hostile_texts(const std::string& victim) {
  const std::string length = std::to_string(victim.size());
  return {"x\r\nPUBLISH " + victim + " injected\r\n",
          "\r\n*3\r\n$7\r\nPUBLISH\r\n$" + length + "\r\n" + victim + "\r\n$8\r\ninjected\r\n",
          "+OK\r\n:1\r\n-ERR\r\n",
          "$-1\r\n",
          "x 5\r\ninjected\r\nPUB " + victim + " 8\r\ninjected\r\n",
          victim + " 0\r\n\r\nUNSUB 1\r\n",
          "x\nPUB " + victim + " 1\n1\n",
          "MSG " + victim + " 1 8\r\ninjected\r\n",
          "%s%n%d%b",
          victim + "\0injected"s,
          "\r\nQUIT\r\n"};
}

}  // namespace

void takes_any_bytes_as_a_name(Trial& trial) {
  std::vector<std::string> names{" ",           ".",     "*",   ">",   "%",       "\0"s,    "a\0b"s,  "\r\n", "\t",
                                 "alice smith", "a.b.c", "a.*", "u.>", "[a]",     "{tag}x", "{tag}y", "\\",   "\"",
                                 "'",           "#",     "?",   "/",   "\x7f",    "\xff"s,  "é",      "用户", "\xc3\x28",
                                 "$",           "&",     ":",   "|",   "\xf8SBX", "\x01x"};
  std::vector<std::string> channels;
  for (const std::string& name : names) channels.push_back(trial.channel(name));
  std::string longest = trial.channel("");
  longest.append(kLongestChannel - longest.size(), 'x');
  channels.push_back(longest);
  longest.replace(trial.prefix().size(), std::string::npos, kLongestChannel - trial.prefix().size(), '%');
  channels.push_back(longest);
  expect_each_reaches_only_itself(trial, channels, {});
}

void never_confuses_names_that_look_alike(Trial& trial) {
  std::vector<std::string> held;
  std::vector<std::string> others;
  for (const char* name : {"a.b", "a%2Eb", "Alice", "trailing", "x y", "caf\xc3\xa9", "0x41", "%25", "a/b", "tag{1}"}) {
    held.push_back(trial.channel(name));
  }
  for (const char* name :
       {"a%2eb",        "a.b.", ".a.b", "a..b",  "alice", "ALICE", "trailing ", "trailing.", " trailing", "x%20y", "x+y",
        "cafe\xcc\x81", "A",    "%",    "%2525", "a%2Fb", "a\\b",  "tag",       "{1}",       "a",         "a.b\n"}) {
    others.push_back(trial.channel(name));
  }
  others.push_back(trial.channel("a.b\0"s));
  expect_each_reaches_only_itself(trial, held, others);
}

void refuses_names_of_no_or_too_many_bytes(Trial& trial) {
  const auto peer = trial.peer();
  const std::string too_long = trial.channel("") + std::string(kLongestChannel + 1 - trial.prefix().size(), 'x');
  for (const std::string& channel : {std::string(), too_long}) {
    EXPECT_EQ(peer->subscribe(channel).code, errc::invalid_argument);
    EXPECT_EQ(peer->unsubscribe(channel).code, errc::invalid_argument);
    EXPECT_EQ(peer->publish(channel, "x").code, errc::invalid_argument);
    EXPECT_EQ(peer->exists(channel).code, errc::invalid_argument);
  }
  ASSERT_TRUE(peer->subscribe(trial.channel("fine")).ok());
}

void lets_no_name_or_payload_speak_its_protocol(Trial& trial) {
  const auto victim = trial.peer();
  const auto attacker = trial.peer();
  const std::string target = trial.channel("victim");
  ASSERT_TRUE(victim->subscribe(target).ok());
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(victim->subscribe(alice).ok());
  trial.settle();
  const std::vector<std::string> texts = hostile_texts(target);
  for (const std::string& text : texts) EXPECT_TRUE(attacker->subscribe(trial.channel(text)).ok());
  trial.settle();
  for (const std::string& text : texts) {
    const std::string channel = trial.channel(text);
    trial.expect_receivers(attacker->publish(channel, text), 1);
    trial.expect_receivers(attacker->publish(alice, text), 1);
    trial.expect_exists(attacker->exists(channel), true);
    EXPECT_TRUE(attacker->unsubscribe(channel).ok());
  }
  ASSERT_TRUE(victim->wait_payloads(alice, texts.size()));
  EXPECT_EQ(victim->payloads(alice), texts);
  expect_round_trip(*attacker, *victim, target);
  EXPECT_EQ(victim->payloads(target), std::vector<std::string>{"round trip"});
  EXPECT_TRUE(victim->undisturbed());
  EXPECT_TRUE(attacker->undisturbed());
}

}  // namespace signalbox::conformance

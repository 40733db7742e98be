// Others who answer to what they hear, and who ask in ways of their own.
#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/nats_server.hpp"
#include "tests/support/raw_socket.hpp"
#include "tests/unit/brokers/nats/nats_instance.hpp"

namespace signalbox::test {
namespace {

const std::string kConnect = "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true}\r\n";

/// Of "MSG SUBJECT SID REPLY SIZE" and its like with headers; empty: it asks for no answer.
std::string reply_of(const std::string& line, std::size_t words_behind) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; stream >> word;) words.push_back(word);
  return words.size() == 3 + 1 + words_behind ? words[3] : std::string();
}

TEST(NatsAnswers, AreAYesFromAHolderOnly) {
  const NatsServer server;
  NatsInstance a({{"url", server.url()}});
  ASSERT_TRUE(a.wait_ready());
  RawSocket stream(server.port());
  ASSERT_TRUE(stream.send(kConnect + "SUB signalbox.u.> 1\r\nPING\r\n"));
  ASSERT_TRUE(stream.read_until("PONG\r\n"));
  Pending question = exists(*a, "nobody");
  // As a stream does: whatever can be answered is acknowledged.
  ASSERT_TRUE(stream.read_until("Signalbox-Probe"));
  const std::size_t begin = stream.received().find("HMSG ");
  ASSERT_NE(begin, std::string::npos);
  const std::string line = stream.received().substr(begin, stream.received().find("\r\n", begin) - begin);
  const std::string reply = reply_of(line, 2);
  ASSERT_FALSE(reply.empty()) << line;
  ASSERT_TRUE(stream.send("PUB " + reply + " 2\r\n{}\r\nPUB " + reply + " 0\r\n\r\nPING\r\n"));
  EXPECT_EQ(wait(std::move(question)).code, errc::unavailable);
}

TEST(NatsAnswers, GoToThoseWhoAskAsInstancesDo) {
  const NatsServer server;
  NatsInstance a({{"url", server.url()}});
  ASSERT_TRUE(a.wait_ready());
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  RawSocket asker(server.port());
  const std::string header = "NATS/1.0\r\nSignalbox-Probe: 1\r\n\r\n";
  const std::string sizes = std::to_string(header.size()) + " " + std::to_string(header.size());
  const auto probe = [&](const std::string& reply) {
    return "HPUB signalbox.u.alice " + reply + " " + sizes + "\r\n" + header + "\r\n";
  };
  const std::string inbox = "signalbox.u.%02inbox.7.r.q1";
  ASSERT_TRUE(
      asker.send(kConnect + "SUB signalbox.u.bob 1\r\nSUB " + inbox + " 2\r\n" + probe("signalbox.u.bob") + probe(inbox)));
  ASSERT_TRUE(asker.read_until("HMSG " + inbox));
  EXPECT_EQ(asker.received().find("MSG signalbox.u.bob"), std::string::npos) << "published with the instance's rights";
  EXPECT_TRUE(a.host.snapshot().delivered.empty());
}

}  // namespace
}  // namespace signalbox::test

#include "server/clients/connection.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tests/unit/server/allocation_counter.hpp"
#include "tests/unit/server/clients/shard_fixture.hpp"

namespace signalbox {
namespace {

using namespace std::chrono_literals;
using test::FakeClient;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using websocket::Event;
using websocket::Opcode;

// 600 bytes a connection are the target, of which the kernel's interface (Asio's descriptor state) takes about 200.
static_assert(sizeof(Connection) <= 336);

class ConnectionTest : public test::ShardTest {};

TEST_F(ConnectionTest, AnswersPingsRegisteredOrNot) {
  const auto plain = open(Mode::plain);
  const auto envelope = open(Mode::envelope);
  plain->send_text("ping");
  plain->send(Opcode::ping, "mirror");
  envelope->send_text(R"({"type":"ping"})");
  ASSERT_TRUE(
      run_until({plain.get(), envelope.get()}, [&] { return plain->frames().size() == 2 && !envelope->frames().empty(); }));
  EXPECT_EQ(plain->frames()[0], (FakeClient::Frame{Event::Kind::text, "pong"}));
  EXPECT_EQ(plain->frames()[1], (FakeClient::Frame{Event::Kind::pong, "mirror"}));
  EXPECT_THAT(envelope->texts(), ElementsAre(R"({"type":"pong"})"));
}

TEST_F(ConnectionTest, IsClosedIfItSaysMoreThanItsLimitAllows) {
  config.limits.messages_per_second = 2;  // twenty in ten seconds
  const auto loud = open_registered(Mode::plain, "loud");
  const auto louder = open_registered(Mode::plain, "louder");
  const auto control = open_registered(Mode::plain, "control");
  for (int i = 0; i < 20; ++i) loud->send(i % 2 == 0 ? Opcode::ping : Opcode::pong, "x");
  ASSERT_TRUE(run_until({loud.get()}, [&] { return loud->frames().size() == 10; }));
  EXPECT_EQ(loud->closed(), "");
  loud->send_text("ping");
  ASSERT_TRUE(run_until({loud.get()}, [&] { return loud->ended(); }));
  EXPECT_EQ(loud->closed(), "1008 limits.messages_per_second reached");
  EXPECT_EQ(open_connections(), 3) << "it may still answer the close";

  for (int i = 0; i < 41; ++i) louder->send(Opcode::ping, "");
  ASSERT_TRUE(run_until({}, [&] { return open_connections() < 3; })) << "it went on as if nothing had been said";
  control->send_text("ping");
  ASSERT_TRUE(run_until({control.get()}, [&] { return !control->frames().empty(); }));
}

TEST_F(ConnectionTest, MaySayAnythingWithoutALimit) {
  config.limits.messages_per_second = 0;
  const auto client = open_registered(Mode::plain, "alice");
  for (int i = 0; i < 2000; ++i) client->send(Opcode::pong, "");
  client->send_text("ping");
  ASSERT_TRUE(run_until({client.get()}, [&] { return !client->frames().empty(); }));
  EXPECT_THAT(client->texts(), ElementsAre("pong"));
}

TEST_F(ConnectionTest, KeepsOnePongForAClientThatDoesNotRead) {
  config.limits.messages_per_second = 0;
  config.limits.queue_bytes = 64 * 1024;
  const auto client = open_registered(Mode::plain, "alice", {4 * 1024, 4 * 1024});
  for (int i = 0; metrics.connection_queue_bytes.value() == 0; ++i) {
    ASSERT_LT(i, 10'000) << "its socket is never full";
    deliver("alice", {std::string(1000, 'x')});
    turn();
  }
  const auto waiting = metrics.connection_queue_bytes.value();
  for (int i = 0; i < 2000; ++i) {
    client->send(Opcode::ping, std::to_string(i));
    turn();
  }
  EXPECT_LT(metrics.connection_queue_bytes.value(), waiting + 200);
  ASSERT_TRUE(run_until({client.get()}, [&] { return !client->frames().empty() && client->frames().back().payload == "1999"; }))
      << "the last ping has its pong";
  const auto is_pong = [](const FakeClient::Frame& frame) { return frame.kind == Event::Kind::pong; };
  EXPECT_LT(std::count_if(client->frames().begin(), client->frames().end(), is_pong), 100);
  EXPECT_EQ(client->closed(), "");
}

TEST_F(ConnectionTest, ReadsWhatCameTogetherWithTheHandshake) {
  auto [socket, client] = connected_pair();
  std::string first;
  websocket::append_masked_frame(first, Opcode::text, "ping", 7);
  websocket::append_masked_frame(first, Opcode::text, R"({"user_name":"Alice"})", 8);
  Connection::open(shard(), std::move(socket), {Mode::plain, std::nullopt, nullptr, first});
  EXPECT_THAT(broker.calls, ElementsAre("+alice"));
  ASSERT_TRUE(run_until({client.get()}, [one = client.get()] { return !one->frames().empty(); }));
  EXPECT_THAT(client->texts(), ElementsAre("pong"));
}

TEST_F(ConnectionTest, IsRegisteredWhenTheBrokerHasConfirmed) {
  const auto client = open(Mode::envelope);
  client->send_text(R"({"type":"register","user_name":"Alice"})");
  ASSERT_TRUE(run_until({client.get()}, [&] { return !broker.calls.empty(); }));
  turn();
  client->read();
  EXPECT_THAT(client->frames(), IsEmpty());
  broker.answer();
  ASSERT_TRUE(run_until({client.get()}, [&] { return !client->frames().empty(); }));
  EXPECT_THAT(client->texts(),
              ElementsAre(MatchesRegex(R"(\{"type":"registered","user":"alice","instance":"test-1","connection":[0-9]+\})")));
}

TEST_F(ConnectionTest, IsToldWhenTheBrokerCanNotConfirmYetAndWhenItHas) {
  const auto client = open(Mode::envelope, "alice");
  broker.answer(errc::unavailable, "connection refused");
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->texts().size() == 1; }));
  EXPECT_THAT(client->texts()[0], HasSubstr(R"("code":"unavailable")"));
  registry.broker_is_ready();
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->texts().size() == 2; }));
  EXPECT_THAT(client->texts()[1], HasSubstr(R"("type":"registered")"));
  EXPECT_EQ(client->closed(), "");
}

TEST_F(ConnectionTest, IsClosedIfTheBrokerRefusesItsUser) {
  const auto client = open(Mode::envelope, "alice");
  broker.answer(errc::rejected, "NOPERM");
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->closed() != ""; }));
  EXPECT_THAT(client->texts(), ElementsAre(R"({"type":"error","code":"rejected","message":"NOPERM"})"));
  EXPECT_THAT(client->closed(), HasSubstr("1008 "));
}

TEST_F(ConnectionTest, KeepsItsUser) {
  const auto client = open_registered(Mode::plain, "Alice");
  client->send_text(R"({"user_name":"ALICE"})");
  client->send_text(R"({"user_name":17})");
  client->send_text("not JSON");
  client->send(Opcode::binary, "\x01");
  ASSERT_TRUE(run_until({client.get()}, [&] { return metrics.ignored_messages.value() == 3; }));
  EXPECT_THAT(client->frames(), IsEmpty());
  client->send_text(R"({"user_name":"Bob"})");
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->closed() != ""; }));
  EXPECT_THAT(client->closed(), HasSubstr("1008 "));
  EXPECT_THAT(broker.calls, ElementsAre("+alice", "-alice"));
}

TEST_F(ConnectionTest, IsClosedForWhatIsNoRegistration) {
  const std::string too_long = R"({"user_name":")" + std::string(257, 'a') + "\"}";
  for (const std::string& text : {std::string("hello"), std::string(R"({"user_name":17})"), std::string(R"({"user_name":""})"),
                                  std::string(R"({"user_name":"a\u0000"})"), too_long}) {
    const auto client = open(Mode::plain);
    client->send_text(text);
    ASSERT_TRUE(run_until({client.get()}, [&] { return client->closed() != ""; })) << text;
    EXPECT_THAT(client->closed(), MatchesRegex("1008 .+")) << text;
  }
  const auto client = open(Mode::plain);
  client->send(Opcode::binary, R"({"user_name":"alice"})");
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->closed() != ""; }));
  EXPECT_THAT(client->closed(), HasSubstr("1008 "));
  EXPECT_THAT(broker.calls, IsEmpty());
}

TEST_F(ConnectionTest, IsClosedIfTheUserInItsUrlCanNotBeRead) {
  auto [socket, client] = connected_pair();
  Connection::open(shard(), std::move(socket), {Mode::plain, "", "user_name is not percent-encoded", {}});
  ASSERT_TRUE(run_until({client.get()}, [one = client.get()] { return one->closed() != ""; }));
  EXPECT_EQ(client->closed(), "1008 user_name is not percent-encoded");
}

TEST_F(ConnectionTest, GetsWhatIsForItsUserInItsMode) {
  const auto phone = open_registered(Mode::plain, "alice");
  const auto tab = open_registered(Mode::envelope, "alice");
  const auto other = open_registered(Mode::plain, "bob");
  EXPECT_THAT(broker.calls, ElementsAre("+alice", "+bob")) << "one subscription a user";
  deliver("alice", {R"({"a": 1})", "hi"});
  deliver("alice", {"\xFF"});
  ASSERT_TRUE(run_until({phone.get(), tab.get()}, [&] { return phone->frames().size() == 3 && tab->frames().size() == 4; }));
  EXPECT_EQ(phone->frames()[0], (FakeClient::Frame{Event::Kind::text, R"({"a": 1})"}));
  EXPECT_EQ(phone->frames()[1], (FakeClient::Frame{Event::Kind::text, "hi"}));
  EXPECT_EQ(phone->frames()[2], (FakeClient::Frame{Event::Kind::binary, "\xFF"}));
  EXPECT_EQ(tab->texts()[1], R"({"type":"message","data":{"a": 1}})");
  EXPECT_EQ(tab->texts()[2], R"({"type":"message","data":"hi"})");
  EXPECT_EQ(tab->texts()[3], R"({"type":"message","base64":"/w=="})");
  other->read();
  EXPECT_THAT(other->frames(), IsEmpty());
  EXPECT_EQ(metrics.delivered.value(), 6u);
}

TEST_F(ConnectionTest, LeavesItsUserWithItsLastDevice) {
  const auto first = open_registered(Mode::plain, "alice");
  const auto second = open_registered(Mode::plain, "alice");
  first->disconnect();
  ASSERT_TRUE(run_until({}, [&] { return open_connections() == 1; }));
  EXPECT_THAT(broker.calls, ElementsAre("+alice"));
  second->disconnect();
  ASSERT_TRUE(run_until({}, [&] { return open_connections() == 0; }));
  EXPECT_THAT(broker.calls, ElementsAre("+alice", "-alice"));
  deliver("alice", {"late"});
  turn();
  EXPECT_EQ(metric("signalbox_dropped_total{queue=\"no_receiver\"}"), 1);
}

TEST_F(ConnectionTest, AnswersACloseWithItsCodeAndEnds) {
  const auto client = open_registered(Mode::plain, "alice");
  client->send(Opcode::close,
               "\x03\xE9"
               "bye");
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->ended(); }));
  EXPECT_EQ(client->closed(), "1001 ");
  EXPECT_EQ(open_connections(), 0);
  EXPECT_EQ(metric("signalbox_closes_total{code=\"1001\"}"), 1);
}

TEST_F(ConnectionTest, WritesWhatWasQueuedBeforeItsClose) {
  const auto client = open_registered(Mode::plain, "alice");
  deliver("alice", {"one", "two"});
  dispatcher.disconnect(1, "alice");
  deliver("alice", {"three"});
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->closed() != ""; }));
  EXPECT_THAT(client->texts(), ElementsAre("one", "two"));
  EXPECT_THAT(client->closed(), HasSubstr("4003 "));
}

TEST_F(ConnectionTest, IsClosedForABrokenFrame) {
  const auto client = open(Mode::plain);
  client->send_raw("\x81\x04ping");  // without a mask
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->closed() != ""; }));
  EXPECT_THAT(client->closed(), HasSubstr("1002 "));
}

TEST_F(ConnectionTest, SaysThatItDrains) {
  const auto plain = open_registered(Mode::plain, "alice");
  const auto envelope = open_registered(Mode::envelope, "bob");
  shard().drain(0ms);
  ASSERT_TRUE(run_until({plain.get(), envelope.get()}, [&] { return plain->closed() != "" && envelope->closed() != ""; }));
  EXPECT_THAT(plain->texts(), IsEmpty());
  EXPECT_THAT(envelope->texts().back(), MatchesRegex(R"(\{"type":"draining","reconnect_in_ms":[0-9]+\})"));
  EXPECT_THAT(plain->closed(), HasSubstr("1001 "));
}

TEST_F(ConnectionTest, GivesItsPlacesBack) {
  SocketLimits& places = sockets;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<FakeClient>> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(open(Mode::plain));
    clients.clear();
    ASSERT_TRUE(run_until({}, [&] { return open_connections() == 0; }));
  }
  std::uint64_t free = 0;
  while (places.admit_connection({}) == SocketLimits::Admission::admitted) ++free;
  EXPECT_EQ(free, places.max_connections());
}

TEST_F(ConnectionTest, IsRefusedWhereItsUserHasEnough) {
  config.limits.connections_per_user = 2;
  const auto first = open_registered(Mode::plain, "alice");
  const auto second = open(Mode::plain, "alice");
  second->send_text(R"({"user_name": "alice"})");  // the same name again takes no second place
  const auto plain = open(Mode::plain, "alice");
  const auto envelope = open(Mode::envelope, "ALICE");
  const auto bob = open(Mode::plain, "bob");
  ASSERT_TRUE(run_until({second.get(), plain.get(), envelope.get()},
                        [&] { return plain->closed() != "" && envelope->closed() != ""; }));
  EXPECT_EQ(plain->closed(), "1013 limits.connections_per_user reached");
  EXPECT_EQ(envelope->closed(), "1013 limits.connections_per_user reached");
  EXPECT_THAT(envelope->texts(),
              ElementsAre(R"({"type":"error","code":"overloaded","message":"limits.connections_per_user reached"})"));
  EXPECT_EQ(first->closed() + second->closed() + bob->closed(), "");
  EXPECT_EQ(metric("signalbox_refused_total{limit=\"connections_per_user\"}"), 2);
  EXPECT_EQ(metric("signalbox_closes_total{code=\"1013\"}"), 2);

  deliver("alice", {"hello"});
  ASSERT_TRUE(run_until({first.get(), second.get()}, [&] { return !first->texts().empty() && !second->texts().empty(); }));
  second->disconnect();
  ASSERT_TRUE(run_until({}, [&] { return metric("signalbox_closes_total{code=\"1006\"}") == 1; }));
  const auto next = open(Mode::envelope, "alice");
  ASSERT_TRUE(run_until({next.get()}, [&] { return !next->texts().empty(); }));
  EXPECT_THAT(next->texts().front(), HasSubstr("\"registered\""));
}

TEST_F(ConnectionTest, NeedsAUserInTime) {
  config.limits.register_timeout = 100ms;
  const auto nobody = open(Mode::plain);
  const auto waiting = open(Mode::plain, "alice");  // said who it is; the broker may take its time
  ASSERT_TRUE(run_until({nobody.get(), waiting.get()}, [&] { return nobody->closed() != ""; }));
  EXPECT_EQ(nobody->closed(), "1008 no user within limits.register_timeout");
  EXPECT_EQ(waiting->closed(), "");
}

TEST_F(ConnectionTest, IsClosedIfItDoesNotAnswerPings) {
  config.limits.ping_interval = 100ms;
  config.limits.pong_timeout = 100ms;
  const auto deaf = open_registered(Mode::plain, "alice");
  const auto alive = open_registered(Mode::plain, "bob");
  std::size_t answered = 0;
  ASSERT_TRUE(run_until({deaf.get(), alive.get()}, [&] {
    for (; answered < alive->frames().size(); ++answered) alive->send(Opcode::pong, alive->frames()[answered].payload);
    return deaf->closed() != "" && answered >= 4;
  }));
  EXPECT_EQ(deaf->closed(), "1011 ping timeout");
  EXPECT_EQ(alive->closed(), "");
}

/// Pongs that were made without reading the ping: empty ones, a guess, and one that an earlier ping asked for.
TEST_F(ConnectionTest, IsClosedIfItAnswersPingsItHasNotRead) {
  config.limits.messages_per_second = 0;
  config.limits.ping_interval = 100ms;
  config.limits.pong_timeout = 1h;
  const auto client = open_registered(Mode::plain, "alice");
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->frames().size() == 1; }));
  ASSERT_EQ(client->frames()[0].kind, Event::Kind::ping);
  const std::string first = client->frames()[0].payload;
  client->send(Opcode::pong, {});
  client->send(Opcode::pong, "1234");
  client->send_text("ping");
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->texts().size() == 1; }));
  const auto ticks = shard().wheel().now() + 5;
  ASSERT_TRUE(run_until({client.get()}, [&] { return shard().wheel().now() > ticks; }));
  ASSERT_EQ(client->frames().size(), 2u) << "the next ping came, so a pong that answers none was taken for an answer";

  limits.pong_timeout = 100ms;
  client->send(Opcode::pong, first);
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->frames().size() > 2; })) << "the answer was not taken for one";
  ASSERT_EQ(client->frames()[2].kind, Event::Kind::ping);
  EXPECT_NE(client->frames()[2].payload, first);
  ASSERT_TRUE(run_until({client.get()}, [&] {
    if (client->closed() == "") client->send(Opcode::pong, first);
    return client->closed() != "";
  }));
  EXPECT_EQ(client->closed(), "1011 ping timeout");
}

TEST_F(ConnectionTest, ObeysLimitsThatChangeWhileItIsOpen) {
  config.limits.ping_interval = 100ms;
  config.limits.pong_timeout = 1h;
  const auto client = open_registered(Mode::plain, "alice");
  ASSERT_TRUE(run_until({client.get()}, [&] { return !client->frames().empty(); })) << "no ping";
  limits.pong_timeout = 100ms;
  client->send(Opcode::pong, client->frames().front().payload);
  // The next ping, which is not answered, has the new deadline.
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->closed() != ""; }));
  EXPECT_EQ(client->closed(), "1011 ping timeout");
}

/// What the kernel does for a peer that takes nothing follows the limits as well.
TEST_F(ConnectionTest, MayLeaveUntakenWhatItIsSentForAsLongAsItsPongsMayBeMissing) {
  config.limits.ping_interval = 100ms;
  config.limits.pong_timeout = 1h;
  auto [socket, client] = connected_pair();
  const int descriptor = socket.native_handle();
  const auto write_limit = [&] {
    unsigned milliseconds = 0;
    socklen_t size = sizeof milliseconds;
    getsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, &size);
    return std::chrono::milliseconds(milliseconds);
  };
  Connection::open(shard(), std::move(socket), {});
  EXPECT_EQ(write_limit(), 1h + 100ms + kCloseTimeout);
  limits.pong_timeout = 1min;
  shard().reload({});
  const auto is_short = [&] { return write_limit() == 1min + 100ms + kCloseTimeout; };
  EXPECT_TRUE(run_until({client.get()}, is_short)) << write_limit().count();
}

/// Its close has left the server; that it is still on its way is no reason to take it back.
TEST_F(ConnectionTest, MayReadWhatItWasSentAfterTheServerHasForgottenIt) {
  config.limits.queue_bytes = 1024 * 1024;
  const auto slow = open_registered(Mode::plain, "slow", {400 * 1024, 4 * 1024});
  const std::vector<std::string> sent(100, std::string(1024, 'x'));
  deliver("slow", sent);
  turn();
  ASSERT_EQ(metrics.connection_queue_bytes.value(), 0) << "its socket has not taken all";
  dispatcher.disconnect(1, "slow");
  turn();
  ASSERT_TRUE(run_until({}, [&] { return open_connections() == 0; })) << "it does not answer the close";
  ASSERT_TRUE(run_until({slow.get()}, [&] { return slow->ended(); }));
  EXPECT_EQ(slow->texts(), sent);
  EXPECT_THAT(slow->closed(), HasSubstr("disconnected by the back end"));
}

/// However much it has sent, others get their turn after some thousands of its smallest frames.
TEST_F(ConnectionTest, IsReadOneBufferATurn) {
  config.limits.messages_per_second = 0;
  const auto talker = open_registered(Mode::plain, "talker");
  const std::uint64_t before = metrics.ignored_messages.value();
  std::string frames;
  for (int i = 0; i < 8'000; ++i) websocket::append_masked_frame(frames, Opcode::text, "{}", 1);
  talker->send_raw(frames);
  const auto handled = [&] { return metrics.ignored_messages.value() - before; };
  while (handled() == 0) ASSERT_EQ(shard().io().run_one_for(std::chrono::seconds(10)), 1u);
  EXPECT_LE(handled(), 16 * 1024u / 8);
  EXPECT_TRUE(run_until({talker.get()}, [&] { return handled() == 8'000; }));
}

/// Asio allocates an operation for each wait; it finds its memory in the connection.
TEST_F(ConnectionTest, WaitsIdleWithoutAnAllocationBesidesItself) {
  constexpr std::size_t kCount = 64;
  // The second round finds Asio's descriptor states, and whatever else is made once, ready.
  for (int round = 0; round < 2; ++round) {
    std::vector<Socket> accepted;
    std::vector<std::unique_ptr<FakeClient>> clients;
    for (std::size_t i = 0; i < kCount; ++i) {
      auto [socket, client] = connected_pair();
      accepted.push_back(std::move(socket));
      clients.push_back(std::move(client));
    }
    const std::size_t before = test::allocations();
    for (Socket& socket : accepted) Connection::open(shard(), std::move(socket), {});
    const std::size_t opened = test::allocations();
    if (round == 1) {
      EXPECT_EQ(opened - before, kCount) << "the connections themselves";
    }
    for (const auto& client : clients) client->send(Opcode::pong, {});
    turn();
    EXPECT_EQ(test::allocations(), opened) << "what needs no answer is read and waited for again";
    clients.clear();
    ASSERT_TRUE(run_until({}, [&] { return open_connections() == 0; }));
  }
}

}  // namespace
}  // namespace signalbox

#include "brokers/redis/connector.hpp"

#include <future>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "brokers/redis/lookup.hpp"
#include "brokers/redis/resolver.hpp"

namespace signalbox::redis {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint address(const std::string& text, unsigned short port = 1) { return {asio::ip::make_address(text), port}; }

/// Listens, and swallows every SYN since its queue is full.
class BlackHole {
 public:
  explicit BlackHole(asio::io_context& io) : acceptor_(io, tcp::v4()) {
    acceptor_.bind(address("127.0.0.1", 0));
    acceptor_.listen(0);
    const tcp::endpoint here = where();
    for (int i = 0; i < 4; ++i) {
      tcp::socket& client = clients_.emplace_back(nonblocking());
      ::connect(client.native_handle(), here.data(), static_cast<socklen_t>(here.size()));
    }
  }
  [[nodiscard]] tcp::endpoint where() const { return acceptor_.local_endpoint(); }

 private:
  tcp::socket nonblocking() {
    tcp::socket socket(acceptor_.get_executor(), tcp::v4());
    socket.non_blocking(true);
    return socket;
  }

  tcp::acceptor acceptor_;
  std::vector<tcp::socket> clients_;
};

class ConnectorTest : public ::testing::Test {
 protected:
  void connect(Addresses addresses) {
    connector =
        Connector::start(socket, std::move(addresses), Duration(100), [this](const error_code& e, const tcp::endpoint& a) {
          ++calls;
          error = e;
          answered = a;
        });
  }

  asio::io_context io;
  tcp::socket socket{io};
  tcp::acceptor server{io, address("127.0.0.1", 0)};
  std::shared_ptr<Connector> connector;
  int calls = 0;
  error_code error;
  tcp::endpoint answered;
};

TEST_F(ConnectorTest, PassesOverAnAddressThatRefusesAndOneThatSwallowsEverything) {
  BlackHole hole(io);
  tcp::acceptor closed(io, address("127.0.0.1", 0));
  const tcp::endpoint refuses = closed.local_endpoint();
  closed.close();
  connect({hole.where(), refuses, server.local_endpoint()});
  EXPECT_EQ(calls, 0);
  io.run();
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(error) << error.message();
  EXPECT_EQ(answered, server.local_endpoint());
  EXPECT_EQ(socket.remote_endpoint(), server.local_endpoint());
}

TEST_F(ConnectorTest, TellsThatNoAddressHasAnswered) {
  BlackHole hole(io);
  connect({hole.where()});
  io.run();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(error, asio::error::timed_out);
}

TEST_F(ConnectorTest, SaysNothingOnceCancelled) {
  connect({server.local_endpoint()});
  connector->cancel();
  io.run();
  EXPECT_EQ(calls, 0);
}

TEST(Addresses, BeginWithTheOneThatHasWorkedOrWithTheOneAfterTheOneThatHasNot) {
  const Addresses all{address("10.0.0.1"), address("10.0.0.2"), address("10.0.0.3")};
  const auto first = [&](const Preference& preference) { return in_order(all, preference)[0].address().to_string(); };
  EXPECT_EQ(first({}), "10.0.0.1");
  EXPECT_EQ(first({"10.0.0.2", false}), "10.0.0.2");
  EXPECT_EQ(first({"10.0.0.2", true}), "10.0.0.3");
  EXPECT_EQ(first({"10.0.0.3", true}), "10.0.0.1");
  EXPECT_EQ(first({"10.0.0.9", true}), "10.0.0.1");  // not the host's any more
  EXPECT_EQ(in_order(all, {"10.0.0.2", false}), (Addresses{all[1], all[2], all[0]}));
}

TEST(Lookup, FindsTheAddressesOfAHost) {
  asio::io_context io;
  Addresses found;
  auto work = asio::make_work_guard(io);
  const auto lookup = Lookup::start(io, "localhost", 6379, [&](const error_code& error, Addresses addresses) {
    EXPECT_FALSE(error) << error.message();
    found = std::move(addresses);
    work.reset();
  });
  io.run();
  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(found[0].address().is_loopback());
  EXPECT_EQ(found[0].port(), 6379);
}

TEST(Resolver, MakesOneLookupForAllWhoWaitAndKnowsItsResultForAWhile) {
  asio::io_context io;
  std::vector<Lookup::Found> lookups;
  Resolver resolver(io, [&](Lookup::Found found) { return lookups.push_back(std::move(found)), nullptr; }, Duration(60'000));
  int found = 0;
  const auto count = [&](const error_code& error, const Addresses& addresses) {
    EXPECT_FALSE(error) << error.message();
    EXPECT_EQ(addresses.size(), 1U);
    ++found;
  };
  const auto one = resolver.resolve(count);
  const auto two = resolver.resolve(count);
  auto given_up = resolver.resolve(count);
  given_up.reset();
  ASSERT_EQ(lookups.size(), 1U);
  lookups[0]({}, {address("10.0.0.1")});
  EXPECT_EQ(found, 2);
  const auto three = resolver.resolve(count);
  EXPECT_EQ(found, 2) << "never inside the call";
  io.run();
  EXPECT_EQ(found, 3);
  EXPECT_EQ(lookups.size(), 1U);
}

TEST(Resolver, GivesALookupUpThatHangsAndStartsNoSecondBesideIt) {
  asio::io_context io;
  std::vector<Lookup::Found> lookups;
  Resolver resolver(io, [&](Lookup::Found found) { return lookups.push_back(std::move(found)), nullptr; }, Duration(10));
  int timeouts = 0;
  const auto count = [&](const error_code& error, const Addresses&) { timeouts += error == asio::error::timed_out; };
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const auto request = resolver.resolve(count);
    io.restart();
    io.run();
    EXPECT_EQ(timeouts, attempt);
  }
  EXPECT_EQ(lookups.size(), 1U);
  lookups[0](asio::error::host_not_found, {});
  const auto request = resolver.resolve(count);
  EXPECT_EQ(lookups.size(), 2U);
}

TEST(Resolver, FallsBackOnWhatItFoundLastWhereALookupFailsOrHangs) {
  asio::io_context io;
  std::vector<Lookup::Found> lookups;
  Resolver resolver(io, [&](Lookup::Found found) { return lookups.push_back(std::move(found)), nullptr; }, Duration(10));
  int found = 0;
  const auto count = [&](const error_code& error, const Addresses& addresses) { found += !error && addresses.size() == 1; };
  const auto first = resolver.resolve(count);
  lookups[0]({}, {address("10.0.0.1")});
  asio::steady_timer(io, Resolver::kFresh).wait();  // until it asks again
  const auto failing = resolver.resolve(count);
  ASSERT_EQ(lookups.size(), 2U);
  lookups[1](asio::error::host_not_found, {});
  EXPECT_EQ(found, 2);
  const auto hanging = resolver.resolve(count);
  io.run();
  EXPECT_EQ(lookups.size(), 3U);
  EXPECT_EQ(found, 3);
}

TEST(Lookup, IsNotWaitedForOnceCancelled) {
  bool called = false;
  const auto owner = std::make_shared<int>(0);
  {
    asio::io_context io;
    const auto lookup =
        Lookup::start(io, "localhost", 6379, [&, owner](const error_code&, const Addresses&) { called = true; });
    lookup->cancel();
    EXPECT_EQ(owner.use_count(), 1);  // what it held is free, whatever the thread is still doing
    io.run();
  }
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace signalbox::redis

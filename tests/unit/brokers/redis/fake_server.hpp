// A Redis that misbehaves on demand. Only as much of one as the broker speaks to.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "brokers/redis/resp.hpp"
#include "tests/unit/brokers/redis/wire.hpp"

namespace signalbox::test {

/// Listens on a free loopback port, on a thread of its own. Threading: any thread.
class FakeServer {
 public:
  FakeServer() : thread_([this] { run(); }) {}
  ~FakeServer() {
    io_.stop();
    thread_.join();
  }

  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

  /// From now on PUBLISH is answered, and nobody hears of it.
  void be_deaf(bool deaf) { deaf_ = deaf; }
  /// From now on PUBLISH tells that it reached nobody, though it does.
  void count_nobody(bool nobody) { counts_nobody_ = nobody; }
  /// Who connects from now on is told this error and cut; empty: nobody.
  void turn_away(std::string error) {
    boost::asio::post(io_, [this, error = std::move(error)] { refusal_ = error; });
  }
  /// Sends `bytes` to every subscriber, and then closes its connection if asked to.
  void say(std::string bytes, bool then_close) {
    boost::asio::post(io_, [this, bytes = std::move(bytes), then_close] {
      for (const auto& client : std::vector(clients_)) {
        if (client->channels.empty()) continue;
        boost::asio::write(client->socket, boost::asio::buffer(bytes));
        if (then_close) client->socket.close();
      }
    });
  }

 private:
  struct Client {
    explicit Client(boost::asio::ip::tcp::socket connected) : socket(std::move(connected)) {}

    boost::asio::ip::tcp::socket socket;
    redis::ReplyReader reader;  // commands have the form of replies
    std::set<std::string> channels;
    std::array<char, redis::ReplyReader::kFeedBytes> buffer;
  };

  void run() {
    accept();
    io_.run();
  }

  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      if (!refusal_.empty()) {
        boost::system::error_code ignored;
        boost::asio::write(socket, boost::asio::buffer(refusal_), ignored);
        socket.shutdown(socket.shutdown_send, ignored);
        turned_away_.push_back(std::move(socket));  // not closed: what it has not read would cost the other the error
        return accept();
      }
      read(clients_.emplace_back(std::make_shared<Client>(std::move(socket))));
      accept();
    });
  }

  void read(const std::shared_ptr<Client>& client) {
    client->socket.async_read_some(boost::asio::buffer(client->buffer),
                                   [this, client](const boost::system::error_code& error, std::size_t size) {
                                     if (error || !client->reader.feed({client->buffer.data(), size})) {
                                       std::erase(clients_, client);
                                       return;
                                     }
                                     redis::Reply command;
                                     while (client->reader.next(command) == redis::ReplyReader::Next::reply) {
                                       answer(*client, *command);
                                     }
                                     read(client);
                                   });
  }

  void answer(Client& client, const redisReply& command) {
    const auto argument = [&](std::size_t i) { return redis::text(*command.element[i]); };
    std::string out;
    if (argument(0) == "CLIENT") {
      out = "+OK\r\n";
    } else if (argument(0) == "PING") {
      out = client.channels.empty() ? "+PONG\r\n" : "*2\r\n" + redis::bulk("pong") + redis::bulk("");
    } else if (argument(0) == "ROLE") {
      out = "*1\r\n" + redis::bulk("master");
    } else if (argument(0) == "INFO") {
      out = redis::bulk("cluster_enabled:0\r\n");
    } else if (argument(0) == "SUBSCRIBE") {
      for (std::size_t i = 1; i < command.elements; ++i) {
        client.channels.emplace(argument(i));
        out += redis::acknowledged("subscribe", argument(i));
      }
    } else if (argument(0) == "UNSUBSCRIBE") {
      for (std::size_t i = 1; i < command.elements; ++i) {
        client.channels.erase(std::string(argument(i)));
        out += redis::acknowledged("unsubscribe", argument(i));
      }
    } else if (argument(0) == "PUBSUB") {
      out = "*2\r\n" + redis::bulk(argument(2)) + ":0\r\n";
    } else if (argument(0) == "PUBLISH") {
      out = counts_nobody_ ? ":0\r\n" : ":1\r\n";
      if (!deaf_) publish(std::string(argument(1)), argument(2));
    }
    boost::system::error_code ignored;  // the next read tells
    boost::asio::write(client.socket, boost::asio::buffer(out), ignored);
  }

  void publish(const std::string& channel, std::string_view payload) {
    const std::string bytes = redis::message(channel, payload);
    boost::system::error_code ignored;
    for (const auto& client : clients_) {
      if (client->channels.count(channel) != 0) boost::asio::write(client->socket, boost::asio::buffer(bytes), ignored);
    }
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::vector<std::shared_ptr<Client>> clients_;  // of the thread
  std::vector<boost::asio::ip::tcp::socket> turned_away_;
  std::string refusal_;
  std::atomic<bool> deaf_ = false;
  std::atomic<bool> counts_nobody_ = false;
  std::thread thread_;
};

}  // namespace signalbox::test

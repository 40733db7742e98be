#include "server/api/api_server.hpp"

#include <exception>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>

#include "server/api/keys.hpp"

namespace signalbox::api {

ApiServer::ApiServer(const ApiContext& context, int descriptor)
    : io_(1),
      queue_(io_),
      shared_{context, key_digests(context.config.api.keys), queue_, {}},
      listener_(
          io_, descriptor, [this] { return shared_.context.sockets.take_api_socket(); },
          [this] { shared_.context.sockets.release_api_socket(); },
          [this](Socket&& socket) { std::make_shared<HttpConnection>(shared_, std::move(socket))->start(); }) {}

ApiServer::~ApiServer() { stop(); }

void ApiServer::start() {
  listener_.start();
  thread_ = std::thread([this] { run(); });
}

void ApiServer::run() {
  pthread_setname_np(pthread_self(), "api");
  const auto guard = boost::asio::make_work_guard(io_);
  while (!io_.stopped()) {
    try {
      io_.run();
    } catch (const std::exception& e) {
      shared_.context.log.limited(LineKind::failed_handler, LogLevel::error, "api: a handler failed: {}", e.what());
    }
  }
}

/// Visits every connection, which may end then.
template <class Visit>
void ApiServer::for_each(Visit visit) {
  std::vector<std::shared_ptr<HttpConnection>> all;
  for (HttpConnection* connection : shared_.connections) all.push_back(connection->shared_from_this());
  for (const auto& connection : all) visit(*connection);
}

void ApiServer::set_keys(const std::vector<std::string>& keys) {
  boost::asio::post(io_, [this, digests = key_digests(keys)]() mutable { shared_.key_digests = std::move(digests); });
}

void ApiServer::drain() {
  boost::asio::post(io_, [this] {
    listener_.stop();
    for_each([](HttpConnection& connection) { connection.drain(); });
  });
}

bool ApiServer::idle() {
  std::promise<bool> idle;
  boost::asio::post(io_, [&] { idle.set_value(shared_.connections.empty()); });
  return idle.get_future().get();
}

void ApiServer::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(io_, [this] {
    listener_.stop();
    for_each([](HttpConnection& connection) { connection.close(); });
    // The operations that were cut get their turn before the loop ends.
    boost::asio::post(io_, [this] { io_.stop(); });
  });
  thread_.join();
}

}  // namespace signalbox::api

#include "server/api/api_server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>

#include <exception>
#include <utility>

#include "server/api/http_connection.hpp"
#include "server/api/keys.hpp"

namespace signalbox::api {

ApiServer::ApiServer(const ApiContext& context, int descriptor)
    : context_(context),
      key_digests_(key_digests(context.config.api.keys)),
      io_(1),
      queue_(io_),
      listener_(
          io_, descriptor, [this] { return context_.limits.take_api_socket(); }, [this] { context_.limits.release_api_socket(); },
          [this](Socket&& socket) {
            std::make_shared<HttpConnection>(context_, queue_, key_digests_, std::move(socket))->start();
          }) {}

ApiServer::~ApiServer() {
  if (thread_.joinable()) stop();
}

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
      context_.log.error("api: a handler failed: {}", e.what());
    }
  }
}

void ApiServer::stop() {
  boost::asio::post(io_, [this] {
    listener_.stop();
    io_.stop();
  });
  thread_.join();
}

}  // namespace signalbox::api

// The HTTP API: its listener, its thread and its connections.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/api/api_context.hpp"
#include "server/net/listener.hpp"

namespace signalbox::api {

/// Threading: its own thread, from start() to stop(); both are called by one other.
class ApiServer {
 public:
  /// `descriptor`: of bind_sockets(), owned from now on.
  ApiServer(const ApiContext& context, int descriptor);
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;
  ~ApiServer();

  void start();
  /// Takes no more connections, and ends the thread. Calls still open at the broker get no answer: stop the broker after this.
  void stop();

 private:
  void run();

  ApiContext context_;
  const std::vector<std::string> key_digests_;
  boost::asio::io_context io_;
  BatchQueue queue_;
  Listener listener_;
  std::thread thread_;
};

}  // namespace signalbox::api

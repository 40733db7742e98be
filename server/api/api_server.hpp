// The HTTP API: its listener, its thread and its connections.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "server/api/api_context.hpp"
#include "server/api/http_connection.hpp"
#include "server/net/listener.hpp"

namespace signalbox::api {

/// Threading: its own thread, from start() to stop(); one other calls what is here.
class ApiServer {
 public:
  /// `descriptor`: of bind_sockets(), owned from now on.
  ApiServer(const ApiContext& context, int descriptor);
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;
  ~ApiServer();

  void start();
  /// The keys that count from now on.
  void set_keys(const std::vector<std::string>& keys);
  /// Takes no more connections and requests; those in progress go on to their answers.
  void drain();
  /// Whether no connection is left. Asks the API's thread.
  [[nodiscard]] bool idle();
  /// Ends what is left, and the thread.
  void stop();

 private:
  void run();
  template <class Visit>
  void for_each(Visit visit);

  boost::asio::io_context io_;
  BatchQueue queue_;
  HttpConnection::Shared shared_;
  Listener listener_;
  std::thread thread_;
};

}  // namespace signalbox::api

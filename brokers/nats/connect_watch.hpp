// Ends attempts to connect that nats.c does not end by itself.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "brokers/nats/servers.hpp"
#include "brokers/nats/time.hpp"

namespace signalbox::nats {

/// Where a server falls silent behind its INFO, nats.c before 3.8 never gives up: it asks an expired deadline over and over and
/// puts a byte into a growing buffer each time, until it sees the end of the stream (nats.c's issue 706). An attempt that takes
/// longer than `within` is shown it. nats.c does not tell its socket before it is connected, so that it is found among the
/// process's descriptors by the server's address; connections that stand are passed over.
///
/// Threading: one thread. It has a thread of its own, which ends with it.
class ConnectWatch {
 public:
  ConnectWatch(const Server& server, Duration within);
  ConnectWatch(const ConnectWatch&) = delete;
  ConnectWatch& operator=(const ConnectWatch&) = delete;
  ~ConnectWatch();

 private:
  void watch(const Server& server, Duration within);

  std::mutex mutex_;
  std::condition_variable ended_changed_;
  bool ended_ = false;
  std::thread thread_;
};

/// The socket of a connection that stands, for as long as this lives.
///
/// Threading: any thread.
class StandingSocket {
 public:
  explicit StandingSocket(int descriptor);
  StandingSocket(const StandingSocket&) = delete;
  StandingSocket& operator=(const StandingSocket&) = delete;
  ~StandingSocket();

 private:
  unsigned long long inode_;
};

}  // namespace signalbox::nats

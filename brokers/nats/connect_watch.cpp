#include "brokers/nats/connect_watch.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace signalbox::nats {
namespace {

struct Standing {
  std::mutex mutex;
  std::multiset<unsigned long long> inodes;
};
Standing& standing() {
  static Standing* const all = new Standing;  // what the last connection leaves may outlive every static
  return *all;
}

unsigned long long inode_of(int descriptor) {
  struct stat status{};
  return fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

/// Family, port and address, without what an operating system adds.
std::string address_bytes(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return "4" + std::string(reinterpret_cast<const char*>(&v4.sin_port), sizeof v4.sin_port) +
           std::string(reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr);
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    return "6" + std::string(reinterpret_cast<const char*>(&v6.sin6_port), sizeof v6.sin6_port) +
           std::string(reinterpret_cast<const char*>(&v6.sin6_addr), sizeof v6.sin6_addr);
  }
  return {};
}

std::set<std::string> addresses_of(const Server& server) {
  const std::string host(host_of(server.url));
  const std::string port = server.url.substr(server.url.rfind(':') + 1);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  std::set<std::string> addresses;
  for (const addrinfo* one = found; one; one = one->ai_next) addresses.insert(address_bytes(*one->ai_addr));
  return addresses;
}

std::string peer_of(int descriptor) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return {};
  return address_bytes(reinterpret_cast<const sockaddr&>(peer));
}

void end_connections_to(const std::set<std::string>& addresses) {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    // A duplicate: the number may belong to something else by now, and again when it is used.
    const int descriptor = fcntl(std::stoi(entry->path().filename().string()), F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) continue;
    const std::string peer = peer_of(descriptor);
    if (!peer.empty() && addresses.contains(peer)) {
      Standing& all = standing();
      const std::lock_guard lock(all.mutex);
      if (!all.inodes.contains(inode_of(descriptor))) shutdown(descriptor, SHUT_RDWR);
    }
    close(descriptor);
  }
}

}  // namespace

ConnectWatch::ConnectWatch(const Server& server, Duration within) {
  try {
    thread_ = std::thread([this, server, within] { watch(server, within); });
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): no thread could be made, and one can do without
  }
}

ConnectWatch::~ConnectWatch() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ended_changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ConnectWatch::watch(const Server& server, Duration within) {
  pthread_setname_np(pthread_self(), "nats-watch");
  std::unique_lock lock(mutex_);
  while (!ended_changed_.wait_for(lock, within, [this] { return ended_; })) {
    lock.unlock();
    end_connections_to(addresses_of(server));
    lock.lock();
  }
}

StandingSocket::StandingSocket(int descriptor) : inode_(inode_of(descriptor)) {
  Standing& all = standing();
  const std::lock_guard lock(all.mutex);
  all.inodes.insert(inode_);
}

StandingSocket::~StandingSocket() {
  Standing& all = standing();
  const std::lock_guard lock(all.mutex);
  all.inodes.erase(all.inodes.find(inode_));
}

}  // namespace signalbox::nats

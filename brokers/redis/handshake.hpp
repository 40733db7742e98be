// The first exchange on each connection: who we are, and whether the server is one we can work with.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "brokers/redis/errors.hpp"
#include "brokers/redis/resp.hpp"

namespace signalbox::redis {

struct Login {
  std::string username;  ///< empty: the default user
  std::string password;  ///< empty: no AUTH
  int database = 0;
};

/// AUTH, CLIENT SETNAME, SELECT, ROLE and INFO in one write. The server must be a master (a replica counts no
/// subscribers of its master and the other way round) and no member of a cluster (counts are of one node there).
class Handshake {
 public:
  /// client_name: for CLIENT LIST; other bytes than printable ASCII become '-'.
  Handshake(Login login, std::string client_name);

  void begin(std::string& out);
  /// Takes the next reply.
  std::optional<Fault> accept(const redisReply& reply);
  [[nodiscard]] bool complete() const noexcept { return awaited_.empty(); }

 private:
  enum class Step : std::uint8_t { auth, name, database, role, cluster };

  Login login_;
  std::string client_name_;
  std::deque<Step> awaited_;
};

}  // namespace signalbox::redis

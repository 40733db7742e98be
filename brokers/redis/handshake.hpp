// The first exchange on each connection: who we are, and whether the server is one we can work with.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "brokers/redis/errors.hpp"
#include "brokers/redis/resp.hpp"

namespace signalbox::redis {

struct Login {
  std::string username;  ///< empty: the default user
  std::string password;  ///< empty: no AUTH
  int database = 0;

  friend bool operator==(const Login&, const Login&) = default;
};

/// What a server has to be. A replica counts no subscribers of its master and the other way round; in cluster mode counts are
/// of one node.
enum class Wanted : std::uint8_t {
  master,        ///< named by the operator, who alone can mend it
  found_master,  ///< found by asking others, who will tell another
  sentinel,
  cluster_master,  ///< as found_master, in a cluster with sharded pub/sub
  cluster_node,    ///< of such a cluster, master or not
};

/// The fault in a reply to ROLE.
std::optional<Fault> fault_in_role(Wanted wanted, const redisReply& reply);

/// One write: AUTH, CLIENT SETNAME, ROLE, INFO twice, SELECT, and then a harmless use of each command that the connection will
/// need, so that a missing right is told at once and by its name.
class Handshake {
 public:
  /// A command that must be allowed, with its arguments.
  using Need = std::vector<std::string>;

  /// client_name: for CLIENT LIST; other bytes than printable ASCII become '-'.
  Handshake(Login login, std::string client_name, std::vector<Need> needs = {}, Wanted wanted = Wanted::master);

  [[nodiscard]] Wanted wanted() const noexcept { return wanted_; }
  void begin(std::string& out);
  /// Takes the next reply.
  std::optional<Fault> accept(const redisReply& reply);
  [[nodiscard]] bool answered() const noexcept { return awaited_.empty(); }
  /// Answered, and nothing stands in the way.
  [[nodiscard]] bool complete() const noexcept { return answered() && obstacle_.empty(); }
  /// Why the server can't work with anybody yet, in its own words: begin() again a little later. Empty: it can.
  [[nodiscard]] const std::string& obstacle() const noexcept { return obstacle_; }

 private:
  enum class Step : std::uint8_t { auth, name, role, cluster, version, database, need };

  std::optional<Fault> refuse(Step step, std::string_view error);

  Login login_;
  std::string client_name_;
  std::vector<Need> needs_;
  Wanted wanted_;
  std::deque<Step> awaited_;
  std::string obstacle_;
};

}  // namespace signalbox::redis

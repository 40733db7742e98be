// A shard's users and their connections.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/users/string_hash.hpp"
#include "core/users/user_registry.hpp"
#include "server/clients/connection.hpp"
#include "server/clients/frame.hpp"
#include "server/clients/message_deflate.hpp"

namespace signalbox {

/// What a shard knows of a user with at least one connection on it.
struct LocalUser {
  Connection* first = nullptr;
  Standing standing = Standing::waiting;
  const std::string* key = nullptr;  ///< the table's own
};

/// Threading: the shard's.
class UserTable {
 public:
  UserTable(UserRegistry& registry, unsigned shard) : registry_(registry), shard_(shard) {}

  /// Makes the connection one of the user's, and tells it the user's standing if that is known. False where
  /// limits.connections_per_user is reached.
  bool add(Connection& connection, std::string_view key);
  /// The connection's user has one connection less.
  void remove(Connection& connection);

  struct Delivery {
    std::size_t receivers = 0;  ///< the user's connections here
    std::size_t queued = 0;     ///< those that took the message
  };
  /// Queues the message for each connection of its user. `deflate`: null where none can have negotiated it.
  Delivery deliver(const Frame::Ptr& frame, MessageDeflate* deflate);
  void on_standing(std::string_view key, Standing standing, const Status& status);
  void gap(std::string_view key, std::string_view reason);
  void disconnect(std::string_view key);

 private:
  [[nodiscard]] LocalUser* find(std::string_view key);
  /// Calls `visit` for each connection of the user; it may close the one it is given.
  template <class Visit>
  static void for_each(LocalUser& user, Visit visit) {
    for (Connection::Ptr connection = user.first; connection;) {
      Connection::Ptr next = connection->next_of_user_;
      visit(*connection);
      connection = std::move(next);
    }
  }

  UserRegistry& registry_;
  const unsigned shard_;
  std::unordered_map<std::string, LocalUser, StringHash, std::equal_to<>> users_;
};

}  // namespace signalbox

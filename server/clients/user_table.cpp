#include "server/clients/user_table.hpp"

#include <cassert>

#include "server/clients/message_forms.hpp"

namespace signalbox {

LocalUser* UserTable::find(std::string_view key) {
  const auto it = users_.find(key);
  return it == users_.end() ? nullptr : &it->second;
}

bool UserTable::add(Connection& connection, std::string_view key) {
  assert(!connection.user_);
  const std::optional<Standing> standing = registry_.add(key, shard_);
  if (!standing) return false;
  auto it = users_.find(key);
  const bool is_new = it == users_.end();
  if (is_new) {
    it = users_.emplace(key, LocalUser{}).first;
    it->second.key = &it->first;
    it->second.standing = *standing;
  }
  LocalUser& user = it->second;
  connection.user_ = &user;
  connection.next_of_user_ = user.first;
  if (user.first) user.first->previous_of_user_ = &connection;
  user.first = &connection;
  if (user.standing != Standing::waiting) connection.on_standing(user.standing, {errc::unavailable, "the broker is not ready"});
  return true;
}

void UserTable::remove(Connection& connection) {
  LocalUser& user = *connection.user_;
  if (connection.next_of_user_) connection.next_of_user_->previous_of_user_ = connection.previous_of_user_;
  (connection.previous_of_user_ ? connection.previous_of_user_->next_of_user_ : user.first) = connection.next_of_user_;
  connection.next_of_user_ = connection.previous_of_user_ = nullptr;
  connection.user_ = nullptr;
  if (user.first) {
    registry_.remove_one(*user.key);
    return;
  }
  registry_.remove(*user.key, shard_);
  users_.erase(users_.find(*user.key));
}

UserTable::Delivery UserTable::deliver(const Frame::Ptr& frame, MessageDeflate* deflate) {
  Delivery delivery;
  LocalUser* user = find(frame->user_key());
  if (!user) return delivery;
  MessageForms forms(frame, deflate);
  for_each(*user, [&](Connection& connection) {
    ++delivery.receivers;
    if (connection.send(forms.form(connection.mode(), connection.deflate_window_bits()))) ++delivery.queued;
  });
  return delivery;
}

void UserTable::on_standing(std::string_view key, Standing standing, const Status& status) {
  LocalUser* user = find(key);
  if (!user) return;
  user->standing = standing;
  for_each(*user, [&](Connection& connection) { connection.on_standing(standing, status); });
}

void UserTable::gap(std::string_view key, std::string_view reason) {
  if (LocalUser* user = find(key)) {
    const std::string text = gap_text(reason);
    for_each(*user, [&](Connection& connection) { connection.tell(text); });
  }
}

void UserTable::disconnect(std::string_view key) {
  if (LocalUser* user = find(key)) {
    for_each(*user, [](Connection& connection) {
      connection.close(websocket::CloseCode::disconnected, "disconnected by the back end");
    });
  }
}

}  // namespace signalbox

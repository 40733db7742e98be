// Channels as the subjects of one connection, and back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "brokers/nats/subject.hpp"

namespace signalbox::nats {

/// What is returned is overwritten by the next call of the same function.
class Names {
 public:
  /// inbox: subject of the connection's own.
  Names(std::string prefix, std::string inbox) : prefix_(std::move(prefix)), inbox_(std::move(inbox)) {}

  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }
  [[nodiscard]] const std::string& inbox() const noexcept { return inbox_; }

  const char* subject(std::string_view channel) {
    subject_ = prefix_;
    append_token(subject_, channel);
    return subject_.c_str();
  }
  const char* reply(std::string_view name) {
    reply_ = inbox_;
    reply_.append(kReplies).append(name);
    return reply_.c_str();
  }

  /// The name that reply() was given; empty: another subject.
  [[nodiscard]] std::string_view reply_name(std::string_view subject) const noexcept {
    if (!subject.starts_with(inbox_)) return {};
    subject.remove_prefix(inbox_.size());
    return subject.starts_with(kReplies) ? subject.substr(kReplies.size()) : std::string_view();
  }
  /// nullptr: not a channel's subject.
  const std::string* channel(std::string_view subject) {
    const bool read = subject.starts_with(prefix_) && read_token(subject.substr(prefix_.size()), channel_);
    return read ? &channel_ : nullptr;
  }

 private:
  static constexpr std::string_view kReplies = ".r.";

  const std::string prefix_;
  const std::string inbox_;
  std::string subject_;
  std::string reply_;
  std::string channel_;
};

}  // namespace signalbox::nats

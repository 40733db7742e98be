#include "server/commands/broker_session.hpp"

#include <cstdio>
#include <span>

#include "core/delivery/envelope.hpp"
#include "core/fault.hpp"
#include "server/instance_id.hpp"

namespace signalbox::commands {

BrokerSession::BrokerSession(const Config& config)
    : instance_id_(make_instance_id()),
      prefix_(config.broker.channel_prefix),
      info_{instance_id_, prefix_, config.broker.timeout, config.limits.message_bytes + kEnvelopeBytes} {
  const BrokerFactory factory(config.broker);
  if (factory.name() == "memory") {
    throw ConfigError(
        "broker.plugin: memory lives inside one server process, which no command can reach: choose another broker");
  }
  broker_ = factory.make(*this);
  broker_->start(*this);
}

BrokerSession::~BrokerSession() { broker_->stop(std::chrono::milliseconds(200)); }

std::optional<std::string> BrokerSession::wait_ready() {
  std::unique_lock lock(mutex_);
  const auto settled = [this] { return state_ == State::ready || state_ == State::failed; };
  changed_.wait_for(lock, info_.call_timeout, settled);
  if (state_ != State::failed) return std::nullopt;
  return std::string("the broker is not ready: ") + word(state_) + (reason_.empty() ? "" : ": ") + reason_;
}

void BrokerSession::log(LogLevel, std::string_view text) noexcept {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

void BrokerSession::state(State state, std::span<const std::string_view> reasons) noexcept {
  const std::lock_guard lock(mutex_);
  state_ = state;
  reason_.clear();
  for (const std::string_view reason : reasons) reason_.append(reason_.empty() ? "" : "; ").append(reason);
  changed_.notify_all();
}

}  // namespace signalbox::commands

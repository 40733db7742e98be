// What one of the plugin's connections is for, over any number of links.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "brokers/nats/errors.hpp"
#include "brokers/nats/time.hpp"
#include "brokers/nats/wire.hpp"

namespace signalbox::nats {

/// What became of a message of ours that asked for an answer.
enum class Answer { holder, nobody };

/// Threading: the broker's I/O thread. Nothing here calls back into the connection but through the wire.
class Side {
 public:
  virtual ~Side() = default;

  /// A link stands. Lifetime: the wire until on_down().
  virtual void on_up(Wire& wire, Time now) = 0;
  virtual void on_fence(Time now) = 0;
  /// `reply`: as it was given to the wire.
  virtual void on_answer(std::string_view reply, Answer answer) = 0;
  virtual void on_violation(const Violation& violation, std::string_view channel) = 0;
  virtual void on_down() = 0;
  /// Once each loop turn, with or without a link. A fault gives the link up.
  [[nodiscard]] virtual std::optional<Fault> turn(Time now) = 0;

  /// The last turn left work for another at once.
  [[nodiscard]] virtual bool unfinished() const noexcept = 0;
  /// No call is open, so that no deadline but the fence's has to be kept.
  [[nodiscard]] virtual bool at_rest() const noexcept = 0;
  /// The present link has done what it is for.
  [[nodiscard]] virtual bool proven() const noexcept = 0;
};

}  // namespace signalbox::nats

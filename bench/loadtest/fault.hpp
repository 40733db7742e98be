// What is done to the servers under test while messages are measured.
#pragma once

#include <chrono>
#include <string>

namespace signalbox::bench {

struct Fault {
  enum class Kind {
    restart_broker,  ///< SIGKILL, and started again at once
    pause_broker,    ///< SIGSTOP for `length`
    pause_instance,  ///< the same of the first instance
  };
  Kind kind = Kind::restart_broker;
  std::chrono::milliseconds at{0};      ///< from when the first measured message is due
  std::chrono::milliseconds length{0};  ///< of a pause
  std::string text;                     ///< as it was asked for

  [[nodiscard]] bool of_broker() const noexcept { return kind != Kind::pause_instance; }
};

/// "restart-broker@10s", "pause-broker@10s+2s", "pause-instance@10s+2s". Errors: ConfigError with the reason alone.
Fault parse_fault(const std::string& text);

}  // namespace signalbox::bench

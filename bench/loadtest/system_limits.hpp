// What the machine allows of connections, beyond what it allows a process.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace signalbox::bench {

/// A sysctl and what it has to be at least.
struct SystemLimit {
  std::string name;  ///< fs.file-max
  unsigned long long wanted = 0;
  std::string why;
  std::string setting;  ///< what to set it to; empty: `wanted`
};

/// Of each connection on this machine.
enum class Ends { client, both };

/// The first that is too low for so many connections; `read` gives a sysctl's value, of a range how many lie in it, nothing
/// where this kernel has none.
using ReadSysctl = std::function<std::optional<unsigned long long>(const std::string& name)>;
std::optional<SystemLimit> too_low(std::size_t connections, Ends ends, const ReadSysctl& read);

/// Bytes that so many idle connections take at least: both of their ends in the kernel, their instance, broker and client.
[[nodiscard]] unsigned long long memory_for(std::size_t connections);

/// Errors: ConfigError, with the sysctl to be set, or what memory is missing.
void check_system(std::size_t connections, Ends ends);

}  // namespace signalbox::bench

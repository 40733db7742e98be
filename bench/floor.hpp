// What one send() of a small frame costs here and now: the floor under every figure, and the scale of absolute targets.
#pragma once

#include <cstddef>
#include <vector>

namespace signalbox::bench {

inline constexpr std::size_t kPayloadBytes = 128;
/// Of a bare send(), µs, on the machine for which the absolute targets were set.
inline constexpr double kReferenceSendMicroseconds = 6.5;

/// Adds for each round the CPU time a message, in µs, of bare send() calls to `sockets` sockets in turn that clients of another
/// process read; `each` messages a call.
void bare_rounds(std::size_t sockets, std::size_t rounds, std::size_t each, std::vector<double>& times);

/// A target that was set in CPU time of the reference machine, in that of this one.
inline double scaled(double target, double bare_send_microseconds) {
  return target * bare_send_microseconds / kReferenceSendMicroseconds;
}

}  // namespace signalbox::bench

// What was full while a load test measured.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

struct Bottleneck {
  std::string name;    ///< as in: it was full
  std::string remark;  ///< for the reader of the figures
};

/// Threads that used their core, and the machine if all of its cores were used.
[[nodiscard]] std::vector<Bottleneck> full_parts(const Result& result);
/// The generator, if it got its turn late.
[[nodiscard]] std::optional<Bottleneck> late_generator(const Result& result);

/// All of them, as remarks.
void remark_bottlenecks(Result& result);

}  // namespace signalbox::bench

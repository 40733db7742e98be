// Where a load test was run: without it no figure can be read.
#pragma once

#include <string>

namespace signalbox::bench {

struct Environment {
  std::string time;     ///< UTC, RFC 3339
  std::string version;  ///< of signalbox
  std::string kernel;
  std::string processor;
  unsigned cores = 0;
  unsigned long long memory_bytes = 0;
};

[[nodiscard]] Environment read_environment(const std::string& version);

}  // namespace signalbox::bench

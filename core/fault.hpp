// Start-up faults: thrown while the object graph is built, caught once in main, printed as one line.
#pragma once

#include <stdexcept>

namespace signalbox {

/// Wrong usage or configuration: exit 2. The text names file, line, key, reason and remedy as far as they apply.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Failed at run time (an address in use, a log file that can't be opened, …): exit 1.
class StartError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace signalbox

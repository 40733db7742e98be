// What each fault cost, printed as a Markdown table when the test program ends: the figures of docs/redis-faults.md.
#pragma once

#include <optional>
#include <string>

#include "tests/support/deadline.hpp"

namespace signalbox::test {

struct FaultFigures {
  std::string fault;
  std::optional<milliseconds> noticed;      ///< from the fault to the first "not ready"
  std::optional<milliseconds> ready_again;  ///< from the end of the fault
  std::optional<milliseconds> gap_told;     ///< from the end of the fault to the last client's notice
  std::size_t refused = 0;                  ///< publishes that were told so
  std::size_t unknown = 0;                  ///< publishes whose outcome was told to be unknown
  std::size_t lost = 0;                     ///< delivered, says the answer, and did not reach a client, which was told a gap
};

/// Threading: the test's.
void add_to_fault_table(FaultFigures figures);

}  // namespace signalbox::test

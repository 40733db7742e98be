#include "tests/integration/fault_table.hpp"

#include <iostream>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::test {
namespace {

std::vector<FaultFigures>& rows() {
  static std::vector<FaultFigures> rows;
  return rows;
}

std::string cell(const std::optional<milliseconds>& time) { return time ? std::to_string(time->count()) + " ms" : "never"; }

class Printer : public testing::Environment {
 public:
  void TearDown() override {
    if (rows().empty()) return;
    std::cout << "\n| fault | not ready after | ready again | gap told | refused | unknown | lost |\n"
                 "|---|---|---|---|---|---|---|\n";
    for (const FaultFigures& row : rows()) {
      std::cout << "| " << row.fault << " | " << cell(row.noticed) << " | " << cell(row.ready_again) << " | "
                << cell(row.gap_told) << " | " << row.refused << " | " << row.unknown << " | " << row.lost << " |\n";
    }
  }
};

const testing::Environment* const kPrinter = testing::AddGlobalTestEnvironment(new Printer);

}  // namespace

void add_to_fault_table(FaultFigures figures) { rows().push_back(std::move(figures)); }

}  // namespace signalbox::test

// Runs cases, each in a process of its own, so that a crash or a hang is a result like any other.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/conformance/cases.hpp"

namespace signalbox::conformance {

enum class Verdict {
  passed,
  not_applicable,  ///< Result::text gives the reason
  failed,
  crashed,
  hung,
};

[[nodiscard]] const char* word(Verdict verdict) noexcept;

struct Result {
  const Case* about = nullptr;
  Verdict verdict = Verdict::failed;
  std::string text;  ///< lines: why it did not pass, or what it measured
  std::chrono::milliseconds took{0};
};

/// `command`: this program with what it needs to make the subject and the backend again; `--run-case N` is put behind it.
/// Beyond `limit`, times SIGNALBOX_TEST_SLOW, the case counts as hung.
[[nodiscard]] Result run_in_child(const Case& one, std::vector<std::string> command, std::chrono::seconds limit);

}  // namespace signalbox::conformance

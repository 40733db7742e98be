#include "tests/conformance/runner.hpp"

#include <cstring>

#include <boost/json.hpp>

#include "tests/support/process.hpp"

namespace signalbox::conformance {
namespace {

/// The last of what the child said on standard error: the sanitizers' reports, assertions.
std::string tail(const std::string& text) {
  constexpr std::size_t kLongest = 4000;
  const std::size_t line = text.size() <= kLongest ? 0 : text.find('\n', text.size() - kLongest);
  return line == std::string::npos ? std::string() : text.substr(line);
}

Result read_result(const Case& one, int code, const std::string& output, const std::string& errors) {
  if (code >= 128) {
    const int signal = code - 128;
    const char* name = sigabbrev_np(signal);
    return {&one, Verdict::crashed, "SIG" + std::string(name ? name : std::to_string(signal)) + "\n" + tail(errors), {}};
  }
  boost::system::error_code bad;
  const boost::json::value value = boost::json::parse(output, bad);
  const auto* object = bad ? nullptr : value.if_object();
  // A sanitizer ends the process with a code of its own, after the result or before it.
  if (!object || code != 0) {
    return {&one, Verdict::crashed, "ended with code " + std::to_string(code) + "\n" + tail(errors), {}};
  }
  const std::string outcome(object->at("outcome").as_string());
  const Verdict verdict = outcome == "passed"    ? Verdict::passed
                          : outcome == "skipped" ? Verdict::not_applicable
                                                 : Verdict::failed;
  return {&one, verdict, std::string(object->at("text").as_string()), {}};
}

}  // namespace

const char* word(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::passed: return "passed";
    case Verdict::not_applicable: return "not applicable";
    case Verdict::failed: return "failed";
    case Verdict::crashed: return "crashed";
    case Verdict::hung: return "hung";
  }
  return "failed";
}

Result run_in_child(const Case& one, std::vector<std::string> command, std::chrono::seconds limit) {
  command.insert(command.end(), {"--run-case", std::to_string(one.number)});
  const auto began = std::chrono::steady_clock::now();
  test::Process child(std::move(command));
  const std::optional<int> code = child.wait(limit);
  if (!code) child.kill();
  Result result = code ? read_result(one, *code, child.output(), child.errors())
                       : Result{&one,
                                Verdict::hung,
                                "no end after " + std::to_string(scaled(limit).count() / 1000) + " s\n" + tail(child.errors()),
                                {}};
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  return result;
}

}  // namespace signalbox::conformance

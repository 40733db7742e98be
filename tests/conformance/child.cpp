#include "tests/conformance/child.hpp"

#include <exception>
#include <sstream>

#include <boost/json.hpp>
#include <unistd.h>

#include "core/config/printable.hpp"

namespace signalbox::conformance {
namespace {

/// The one test: what throws in a case fails it.
class CaseTest final : public testing::Test {
 public:
  CaseTest(const Case& one, Trial& trial) : case_(one), trial_(trial) {}

 private:
  void TestBody() override {
    try {
      case_.run(trial_);
      trial_.expect_clean_hosts();
    } catch (const std::exception& e) {
      ADD_FAILURE() << "exception: " << e.what();
    }
  }

  const Case& case_;
  Trial& trial_;
};

/// A broker's words may hold any bytes.
std::string printable_lines(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) result += (result.empty() ? "" : "\n") + printable(line);
  return result;
}

/// Keeps what was said; nothing goes to standard output before the result.
class Listener final : public testing::EmptyTestEventListener {
 public:
  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (part.skipped() && outcome == "passed") {
      outcome = "skipped";
      text = part.message();
    } else if (part.failed()) {
      if (outcome != "failed") text.clear();
      outcome = "failed";
      const char* file = part.file_name();
      text += (file ? file + (":" + std::to_string(part.line_number()) + ": ") : std::string()) + part.message() + "\n";
    }
  }

  /// What a case has recorded is what there is to say of one that passed.
  void OnTestEnd(const testing::TestInfo& test) override {
    for (int i = 0; outcome == "passed" && i < test.result()->test_property_count(); ++i) {
      const testing::TestProperty& property = test.result()->GetTestProperty(i);
      text += property.key() + (": " + std::string(property.value())) + "\n";
    }
  }

  std::string outcome = "passed";
  std::string text;
};

}  // namespace

std::FILE* take_standard_output() {
  std::FILE* result = fdopen(dup(STDOUT_FILENO), "w");
  dup2(STDERR_FILENO, STDOUT_FILENO);
  return result;
}

int run_case(const Case& one, Trial& trial, std::FILE* result) {
  int count = 1;
  std::string program = "conformance";
  char* arguments[] = {program.data(), nullptr};
  testing::InitGoogleTest(&count, arguments);
  testing::RegisterTest("Contract", std::to_string(one.number).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [&]() -> testing::Test* { return new CaseTest(one, trial); });
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  auto* listener = new Listener;  // owned by GoogleTest
  listeners.Append(listener);
  if (RUN_ALL_TESTS() != 0) listener->outcome = "failed";
  const std::string line =
      boost::json::serialize(boost::json::object{{"outcome", listener->outcome}, {"text", printable_lines(listener->text)}});
  std::fprintf(result, "%s\n", line.c_str());
  std::fflush(result);
  return 0;
}

int hold_channels(const Subject& subject, const Values& values, const Holding& holding, std::FILE* result) {
  RecordingHost host(holding.instance, holding.prefix);
  const std::unique_ptr<Broker> broker = subject.make(host, values);
  broker->start(host);
  bool holds = host.wait_state(State::ready);
  for (const std::string& channel : holding.channels) holds = test::wait(test::subscribe(*broker, channel)).ok() && holds;
  if (holds) {
    std::fputs("holding\n", result);
    std::fflush(result);
    pause();
  }
  std::fprintf(stderr, "the holder could not subscribe: %s\n", host.snapshot().reason.c_str());
  broker->stop(5s);
  return 1;
}

}  // namespace signalbox::conformance

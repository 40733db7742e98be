#include "tests/conformance/child.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>

#include <boost/json.hpp>

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

/// Keeps what was said; nothing goes to standard output before the result.
class Listener final : public testing::EmptyTestEventListener {
 public:
  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (part.skipped()) {
      outcome = "skipped";
      text = part.message();
    } else if (part.failed()) {
      outcome = "failed";
      const char* file = part.file_name();
      text += (file ? file + (":" + std::to_string(part.line_number()) + ": ") : std::string()) + part.message() + "\n";
    }
  }

  std::string outcome = "passed";
  std::string text;
};

}  // namespace

int run_case(const Case& one, Trial& trial) {
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
  if (RUN_ALL_TESTS() != 0 && listener->outcome == "passed") listener->outcome = "failed";
  std::cout << boost::json::object{{"outcome", listener->outcome}, {"text", listener->text}} << std::endl;
  return 0;
}

int hold_channels(const Subject& subject, const Values& values, const std::string& prefix,
                  const std::vector<std::string>& channels) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  RecordingHost host("holder-" + std::to_string(::getpid()), prefix);
  const std::unique_ptr<Broker> broker = subject.make(host, values);
  broker->start(host);
  bool holds = host.wait_state(State::ready);
  for (const std::string& channel : channels) holds = test::wait(test::subscribe(*broker, channel)).ok() && holds;
  if (holds) {
    std::puts("holding");
    std::fflush(stdout);
    int signal = 0;
    sigwait(&ends, &signal);
  } else {
    std::fprintf(stderr, "the holder could not subscribe: %s\n", host.snapshot().reason.c_str());
  }
  broker->stop(5s);
  return holds ? 0 : 1;
}

}  // namespace signalbox::conformance

#include "tests/support/ports.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace signalbox::test {
namespace {

TEST(Ports, AreTriedAgainWhereAnotherWasFaster) {
  int calls = 0;
  start_on_free_ports([&] {
    if (++calls < 3) throw std::runtime_error("address in use");
  });
  EXPECT_EQ(calls, 3);
}

TEST(Ports, AreNotTriedForEver) {
  int calls = 0;
  const auto start = [&] {
    ++calls;
    throw std::runtime_error("address in use");
  };
  EXPECT_THROW(start_on_free_ports(start), std::runtime_error);
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace signalbox::test

#include "core/observe/descriptor_writer.hpp"

#include <array>
#include <chrono>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace signalbox {
namespace {

using namespace std::chrono_literals;

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int write_end() const { return ends_[1]; }
  /// What is in it now.
  std::string drain() {
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    std::string text;
    std::array<char, 4096> buffer;
    for (ssize_t size = 1; size > 0;) {
      size = ::read(ends_[0], buffer.data(), buffer.size());
      if (size > 0) text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return text;
  }

 private:
  std::array<int, 2> ends_{};
};

TEST(DescriptorWriter, WritesLinesWhole) {
  Pipe pipe;
  DescriptorWriter writer(pipe.write_end());
  const std::string longer(10'000, 'x');
  EXPECT_TRUE(writer.write("one\n"));
  EXPECT_TRUE(writer.write(longer));
  EXPECT_EQ(pipe.drain(), "one\n" + longer);
}

TEST(DescriptorWriter, GivesUpOnAPipeThatNobodyReadsAndThenWaitsNoMore) {
  Pipe pipe;  // blocking
  DescriptorWriter writer(pipe.write_end());
  const std::string line(1'023, 'x');
  while (writer.write(line + "\n")) {
  }
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(writer.write(line + "\n"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s) << "half a second each, if it waited";
  pipe.drain();
  EXPECT_TRUE(writer.write("back\n"));
  EXPECT_EQ(pipe.drain(), "back\n");
}

TEST(DescriptorWriter, BeginsANewLineBehindATornOne) {
  Pipe pipe;
  DescriptorWriter writer(pipe.write_end());
  const std::string huge(1'000'000, 'x');
  EXPECT_FALSE(writer.write(huge + "\n"));
  EXPECT_EQ(pipe.drain().find('\n'), std::string::npos);
  EXPECT_TRUE(writer.write("next\n"));
  EXPECT_EQ(pipe.drain(), "\nnext\n");
}

TEST(DescriptorWriter, FullDisksAndNoDescriptorCostTheLine) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  EXPECT_FALSE(DescriptorWriter(full).write("x\n"));
  EXPECT_FALSE(DescriptorWriter(-1).write("x\n"));
  ::close(full);
}

}  // namespace
}  // namespace signalbox

// Whole lines to a file descriptor.
#pragma once

#include <string_view>

namespace signalbox {

/// Writes lines to a descriptor without ever waiting long: where the other side takes nothing for kPatience (a pipe that nobody
/// reads), the line is given up, and the next ones at once until it takes bytes again.
class DescriptorWriter {
 public:
  /// `fd` stays the caller's; -1 refuses every line.
  explicit DescriptorWriter(int fd) noexcept : fd_(fd) {}

  /// False: the line is lost, wholly or from some byte on; the next one then begins on a line of its own.
  bool write(std::string_view line) noexcept;

 private:
  bool write_all(std::string_view bytes) noexcept;
  bool wait_until_writable() noexcept;

  int fd_;
  bool stalled_ = false;
  bool torn_ = false;
};

}  // namespace signalbox

// A kept connection to a Redis, as a foreign publisher or an operator has one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace signalbox::test {

/// Threading: one thread at a time.
class RedisConnection {
 public:
  /// Errors: std::runtime_error if the server can't be reached.
  explicit RedisConnection(std::uint16_t port);
  RedisConnection(RedisConnection&&) noexcept;
  ~RedisConnection();

  /// Runs one command. An array's elements stand on a line each, nil is "(nil)".
  /// Errors: std::runtime_error with Redis's words, or with the system's once the connection is lost; then broken() is true.
  std::string command(const std::vector<std::string>& arguments);
  [[nodiscard]] bool broken() const noexcept;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace signalbox::test

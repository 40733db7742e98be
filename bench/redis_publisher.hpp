// PUBLISH, pipelined.
#pragma once

#include <string>
#include <vector>

#include "bench/publisher.hpp"

namespace signalbox::bench {

/// Errors: as a Publisher's, and where a channel has more than one subscriber.
class RedisPublisher final : public Publisher {
 public:
  RedisPublisher(const std::string& redis_url, const std::vector<std::string>& channels, std::size_t payload_bytes);
  ~RedisPublisher() override;

 private:
  void say(std::size_t channel, std::string_view payload) override;
  void exchange(std::chrono::nanoseconds wait) override;
  [[nodiscard]] std::uint64_t unanswered() const override { return unanswered_; }
  [[nodiscard]] bool congested() const noexcept override { return !out_.empty(); }

  void write();
  void read_answers();

  int descriptor_ = -1;
  std::vector<std::string> before_;  // of a channel's command: all ahead of the payload
  std::string out_;
  std::size_t written_ = 0;  // of out_
  std::uint64_t unanswered_ = 0;
  std::string partial_;  // of an answer
};

}  // namespace signalbox::bench

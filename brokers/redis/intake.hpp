// Where calls wait between the threads that make them and the broker's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "signalbox/broker.hpp"

namespace signalbox::redis {

/// One call of a verb. Its bytes stand in the batch's one buffer, so that a call costs no allocation.
struct Call {
  enum class Kind : std::uint8_t { subscribe, unsubscribe, publish, exists };

  Kind kind;
  std::uint32_t channel_bytes = 0;
  std::size_t payload_bytes = 0;
  std::size_t cost = 0;  ///< what it has taken from the budget
  std::variant<Done, PublishDone, ExistsDone> done;
  Status refusal = {};  ///< known at once, told later: never inside the calling stack

  /// Completes it without an answer from the server.
  void finish(const Status& status) {
    if (auto* plain = std::get_if<Done>(&done)) {
      (*plain)(status);
    } else if (auto* publish = std::get_if<PublishDone>(&done)) {
      (*publish)(status, {});
    } else {
      std::get<ExistsDone>(done)(status, false);
    }
  }
};

struct CallBatch {
  std::vector<Call> calls;
  std::string bytes;

  void clear() {
    calls.clear();
    bytes.clear();
    if (calls.capacity() > kKeptCalls) std::vector<Call>().swap(calls);
    if (bytes.capacity() > kKeptBytes) std::string().swap(bytes);
  }

  // After a burst the memory goes back.
  static constexpr std::size_t kKeptCalls = 4096;
  static constexpr std::size_t kKeptBytes = 1 << 20;
};

/// Threading: any thread.
class Intake {
 public:
  /// True: the first since take(), so wake the thread that takes. A call after close() is dropped.
  [[nodiscard]] bool append(Call call, std::string_view channel, std::string_view payload) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    call.channel_bytes = static_cast<std::uint32_t>(channel.size());
    call.payload_bytes = payload.size();
    batch_.bytes.append(channel).append(payload);
    batch_.calls.push_back(std::move(call));
    return batch_.calls.size() == 1;
  }

  /// batch: empty before.
  void take(CallBatch& batch) {
    const std::lock_guard lock(mutex_);
    std::swap(batch, batch_);
  }

  /// As take(); nobody takes after this.
  void close(CallBatch& batch) {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    std::swap(batch, batch_);
  }

 private:
  std::mutex mutex_;
  CallBatch batch_;
  bool closed_ = false;
};

}  // namespace signalbox::redis

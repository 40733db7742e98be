#include "brokers/nats/mailbox.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>

namespace signalbox::nats {
namespace {

constexpr std::size_t kMessageOverhead = 200;
constexpr std::size_t kUnreadableHeaders = std::size_t{1} << 20;  // a server's max_payload, which bounds them, by default

struct Free {
  void operator()(const char** pointers) const noexcept { std::free(static_cast<void*>(pointers)); }
};
using Texts = std::unique_ptr<const char*, Free>;

std::size_t values_size(natsMsg* message, const char* key) {
  const char** raw = nullptr;
  int count = 0;
  if (natsMsgHeader_Values(message, key, &raw, &count) != NATS_OK) return 0;
  const Texts values(raw);
  std::size_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += std::strlen(raw[i]);
  return bytes;
}

/// Twice what they are, as nats.c has them as they came and, from here on, as they were read.
std::size_t headers_size(natsMsg* message) {
  const char** raw = nullptr;
  int count = 0;
  const natsStatus status = natsMsgHeader_Keys(message, &raw, &count);
  if (status == NATS_NOT_FOUND) return 0;
  if (status != NATS_OK) return kUnreadableHeaders;
  const Texts keys(raw);
  std::size_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += kMessageOverhead + std::strlen(raw[i]) + values_size(message, raw[i]);
  return 2 * bytes;
}

}  // namespace

std::size_t Mailbox::size_of(natsMsg* message) {
  return kMessageOverhead + static_cast<std::size_t>(natsMsg_GetDataLength(message)) + headers_size(message);
}

void Mailbox::message(natsMsg* message) {
  MessagePtr owned(message);
  const std::size_t bytes = size_of(message);
  put([&](Mail& mail) {
    if (bytes_ + bytes > limit_) return mail.dropped.add(natsMsg_GetSubject(message));
    bytes_ += bytes;
    mail.messages.push_back(std::move(owned));
  });
}

void Mailbox::answer(natsMsg* message) {
  MessagePtr owned(message);
  const std::size_t bytes = size_of(message);
  put([&](Mail& mail) {
    if (answer_bytes_ + bytes > limit_) return;
    answer_bytes_ += bytes;
    mail.messages.push_back(std::move(owned));
  });
}

}  // namespace signalbox::nats

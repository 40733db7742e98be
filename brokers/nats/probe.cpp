#include "brokers/nats/probe.hpp"

#include "brokers/nats/mailbox.hpp"

namespace signalbox::nats {
namespace {

constexpr const char* kHeader = "Signalbox-Probe";

}  // namespace

natsStatus publish_probe(natsConnection* connection, const char* subject, const char* reply) {
  natsMsg* message = nullptr;
  natsStatus status = natsMsg_Create(&message, subject, reply, nullptr, 0);
  const MessagePtr owned(message);
  if (status == NATS_OK) status = natsMsgHeader_Set(message, kHeader, "1");
  return status == NATS_OK ? natsConnection_PublishMsg(connection, message) : status;
}

bool is_probe(natsMsg* message) {
  const char* value = nullptr;
  return natsMsgHeader_Get(message, kHeader, &value) == NATS_OK;
}

}  // namespace signalbox::nats

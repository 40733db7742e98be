// The end of what librdkafka's threads have a part in.
#pragma once

#include <memory>

#include "brokers/kafka/client.hpp"
#include "brokers/kafka/connector.hpp"
#include "brokers/kafka/time.hpp"
#include "brokers/kafka/wake_fd.hpp"

namespace signalbox::kafka {

/// Waits for them until then, and leaves them to end by themselves if it takes longer: a name that is looked up with a dead DNS
/// can't be given up. They reach nobody any more.
void end(std::unique_ptr<Client> client, std::unique_ptr<Connector> connector, std::shared_ptr<WakeFd> wake_fd, Time until);

}  // namespace signalbox::kafka

#include "brokers/kafka/ending.hpp"

#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include <pthread.h>

namespace signalbox::kafka {

void end(std::unique_ptr<Client> client, std::unique_ptr<Connector> connector, std::shared_ptr<WakeFd> wake_fd,
         Time until) try {
  std::promise<void> promise;
  const std::future<void> ended = promise.get_future();
  std::thread thread([client = std::move(client), connector = std::move(connector), wake_fd = std::move(wake_fd),
                      promise = std::move(promise)]() mutable {
    pthread_setname_np(pthread_self(), "kafka-end");
    client.reset();
    connector.reset();
    wake_fd.reset();  // the last: they write to it
    promise.set_value();
  });
  if (ended.wait_until(until) == std::future_status::ready) {
    thread.join();
  } else {
    thread.detach();
  }
} catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): without a thread, what was handed over has ended here
}

}  // namespace signalbox::kafka

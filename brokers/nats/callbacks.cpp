#include "brokers/nats/callbacks.hpp"

#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "brokers/nats/connecting.hpp"

namespace signalbox::nats {

/// nats.c's closure. Two hold it: the connection until its closed callback, the last that it makes, and whoever destroys the
/// connection, which still writes into the event loop when that has already come.
struct Closure {
  explicit Closure(std::shared_ptr<Shared> kept) : shared(std::move(kept)) { shared->closure = this; }
  Closure(const Closure&) = delete;
  Closure& operator=(const Closure&) = delete;
  ~Closure() {
    for (natsSubscription* subscription : subscriptions) natsSubscription_Destroy(subscription);
  }
  void drop() {
    if (holders.fetch_sub(1) == 1) delete this;
  }

  std::shared_ptr<Shared> shared;
  std::vector<natsSubscription*> subscriptions;  // of a connection that is given up
  std::atomic<int> holders = 2;
};

namespace {

Shared& shared_of(void* closure) { return *static_cast<Closure*>(closure)->shared; }

natsStatus attach(void** user_data, void* loop, natsConnection*, natsSock socket) {
  *user_data = loop;
  shared_of(loop).own_socket = socket;
  shared_of(loop).socket = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  shared_of(loop).standing.emplace(socket);
  return shared_of(loop).socket < 0 ? NATS_SYS_ERROR : NATS_OK;
}

/// Removed when nats.c has done with its socket, which it closes itself before 3.10.
natsStatus want_read([[maybe_unused]] void* user_data, [[maybe_unused]] bool add) {
#if NATS_VERSION_NUMBER >= 0x030A00
  if (!add) natsConnection_ProcessCloseEvent(&shared_of(user_data).own_socket);
#endif
  return NATS_OK;
}

natsStatus want_write(void* user_data, bool add) {
  shared_of(user_data).write_wanted = add;
  return NATS_OK;
}

natsStatus detach(void*) { return NATS_OK; }

void on_error(natsConnection*, natsSubscription* subscription, natsStatus status, void* closure) {
  Shared& shared = shared_of(closure);
  if (status == NATS_SLOW_CONSUMER && subscription != shared.fence) {
    shared.mailbox->slow(natsSubscription_GetSubject(subscription));
    return;
  }
  const char* text = nats_GetLastError(nullptr);
  shared.mailbox->error({status, status == NATS_SLOW_CONSUMER, text ? text : ""});
}

void on_closed(natsConnection*, void* closure) { static_cast<Closure*>(closure)->drop(); }

void connect_for(const std::shared_ptr<Shared>& shared, const LinkOptions& options) {
  Callbacks callbacks{new Closure(shared), attach, want_read, want_write, detach, on_error, on_closed};
  Fault fault;
  natsConnection* connection = connect(options, callbacks, shared->server, fault);
  if (!connection) {
    delete static_cast<Closure*>(callbacks.closure);  // a connection that never stood calls nothing back
    shared->mailbox->failed(std::move(fault));
  } else if (!shared->mailbox->connected(connection)) {
    destroy(connection, *shared, {});
  }
  nats_ReleaseThreadMemory();
}

}  // namespace

Shared::~Shared() {
  if (socket >= 0) close(socket);
  mailbox->release();
}

void start_connecting(const std::shared_ptr<Shared>& shared, const LinkOptions& options, Attempts& attempts) {
  try {
    attempts.start([shared, options] { connect_for(shared, options); });
  } catch (const std::system_error& error) {
    shared->mailbox->failed({FaultKind::lost, error.what()});
  }
}

void destroy(natsConnection* connection, const Shared& shared, std::vector<natsSubscription*> subscriptions) {
  Closure* closure = shared.closure;
  closure->subscriptions = std::move(subscriptions);
  natsConnection_Destroy(connection);
  closure->drop();
}

}  // namespace signalbox::nats

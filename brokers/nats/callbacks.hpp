// What nats.c's threads and ours share of one connection, and how it is let go of.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <nats/nats.h>

#include "brokers/nats/attempts.hpp"
#include "brokers/nats/connect_watch.hpp"
#include "brokers/nats/link.hpp"
#include "brokers/nats/mailbox.hpp"

namespace signalbox::nats {

struct Closure;

/// The first holder is the link, the other the connection, for as long as it may call back.
struct Shared {
  Shared(boost::asio::io_context& context, std::function<void()> read)
      : mailbox(new Mailbox(context, Link::kMailboxBytes, std::move(read))) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared();

  Mailbox* mailbox;
  Server server;    // the one that is connected
  int socket = -1;  // a duplicate: nats.c's own is closed when it likes
  natsSock own_socket = -1;
  std::optional<StandingSocket> standing;
  std::atomic<bool> write_wanted = false;
  std::atomic<natsSubscription*> fence = nullptr;
  Closure* closure = nullptr;  // of the connection that stands
};

/// Connects, on a thread of its own; the mailbox is told what came of it.
void start_connecting(const std::shared_ptr<Shared>& shared, const LinkOptions& options, Attempts& attempts);

/// Gives up a connection that stood, with its subscriptions: those stay until the last of its errors has been told, since
/// nats.c 3.4 names subscriptions in errors without holding on to them (mended by its pull request 659).
void destroy(natsConnection* connection, const Shared& shared, std::vector<natsSubscription*> subscriptions);

}  // namespace signalbox::nats

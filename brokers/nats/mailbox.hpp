// Where nats.c's threads leave what they bring.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <nats/nats.h>

#include "brokers/nats/dropped.hpp"
#include "brokers/nats/errors.hpp"

namespace signalbox::nats {

struct MessageDeleter {
  void operator()(natsMsg* message) const noexcept { natsMsg_Destroy(message); }
};
using MessagePtr = std::unique_ptr<natsMsg, MessageDeleter>;

/// One a connection. nats.c holds it for as long as it may call back: once for the connection, until its closed callback,
/// and once for each subscription, until its completion callback.
///
/// Threading: any thread, but close(), which belongs to the reader's.
class Mailbox {
 public:
  struct Error {
    natsStatus status;
    bool fence;  // of the fence's subscription, whose overflow is what brings the fence back
    std::string text;
  };
  struct Mail {
    natsConnection* connected = nullptr;  // the connection stands
    std::unique_ptr<Fault> failed;        // or it does not
    std::vector<MessagePtr> messages;
    std::vector<Error> errors;
    Dropped dropped;  // for want of room here
    Dropped slow;     // by nats.c, which says so once, as it begins to
  };

  Mailbox(boost::asio::io_context& context, std::size_t limit, std::function<void()> read)
      : context_(&context), limit_(limit), read_(std::move(read)) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void hold() noexcept { holders_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  void message(natsMsg* message);
  /// To ourselves: has room of its own, so that no flood of messages takes a link for dead. What is too much even so is
  /// dropped, and the fence that is then missed ends the link.
  void answer(natsMsg* message);
  void slow(std::string subject) {
    put([&](Mail& mail) { mail.slow.add(std::move(subject)); });
  }
  void error(Error error) {
    put([&](Mail& mail) { mail.errors.push_back(std::move(error)); });
  }
  /// False: nobody waits for it any more.
  bool connected(natsConnection* connection) {
    return put([&](Mail& mail) { mail.connected = connection; });
  }
  void failed(Fault fault) {
    put([&](Mail& mail) { mail.failed = std::make_unique<Fault>(std::move(fault)); });
  }

  Mail take() {
    const std::lock_guard lock(mutex_);
    posted_ = false;
    bytes_ = answer_bytes_ = 0;
    return std::exchange(mail_, {});
  }
  /// Nothing is read any more, and the context not touched.
  Mail close() {
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
    return std::exchange(mail_, {});
  }

 private:
  struct Releaser {
    void operator()(Mailbox* mailbox) const noexcept { mailbox->release(); }
  };

  ~Mailbox() = default;

  static std::size_t size_of(natsMsg* message);

  template <class Put>
  bool put(Put into) {
    const std::lock_guard lock(mutex_);
    if (!context_) return false;
    into(mail_);
    if (std::exchange(posted_, true)) return true;
    hold();
    boost::asio::post(*context_, [held = std::unique_ptr<Mailbox, Releaser>(this)] {
      if (held->open()) held->read_();
    });
    return true;
  }
  bool open() {
    const std::lock_guard lock(mutex_);
    return context_ != nullptr;
  }

  std::atomic<int> holders_ = 1;
  std::mutex mutex_;
  boost::asio::io_context* context_;  // nullptr: closed
  const std::size_t limit_;
  const std::function<void()> read_;
  Mail mail_;
  std::size_t bytes_ = 0;
  std::size_t answer_bytes_ = 0;
  bool posted_ = false;
};

}  // namespace signalbox::nats

#include "brokers/nats/link.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <nats/nats.h>
#include <sys/socket.h>

#include "brokers/nats/callbacks.hpp"
#include "brokers/nats/connecting.hpp"
#include "brokers/nats/mailbox.hpp"
#include "brokers/nats/names.hpp"
#include "brokers/nats/probe.hpp"
#include "brokers/nats/record_gate.hpp"
#include "brokers/nats/watchdog.hpp"

namespace signalbox::nats {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kReadMessages = 1024;
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  static_cast<Mailbox*>(closure)->message(message);
}

void on_answer(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  static_cast<Mailbox*>(closure)->answer(message);
}

void on_complete(void* closure) { static_cast<Mailbox*>(closure)->release(); }

}  // namespace

/// Outlives the link where an event ends it while one of its handlers still runs.
class Link::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& context, LinkOptions options, Attempts& attempts, LinkEvents& events)
      : options_(std::move(options)),
        events_(events),
        names_(options_.subject_prefix, options_.inbox),
        descriptor_(context),
        shared_(std::make_shared<Shared>(context, [this] { take_mail(); })) {
    start_connecting(shared_, options_, attempts);
  }

  void fence() {
    ++fence_;
    fenced_ = std::exchange(unsubscribed_, {});
    fenced_slow_ = std::exchange(slow_, {});
    const std::string number = std::to_string(fence_);
    // The first fills the subscription's queue of one; the second overflows it, which nats.c reports behind every error that
    // came before, on the same thread.
    for (int i = 0; i < 2; ++i) {
      check(natsConnection_PublishString(connection_, (options_.inbox + ".f").c_str(), number.c_str()));
    }
    // Messages come by another thread than errors: this one comes behind them.
    check(natsConnection_PublishString(connection_, (options_.inbox + ".r.f" + number).c_str(), ""));
  }

  void subscribe(std::string_view channel) {
    natsSubscription* subscription = nullptr;
    shared_->mailbox->hold();
    const natsStatus status =
        natsConnection_Subscribe(&subscription, connection_, names_.subject(channel), on_message, shared_->mailbox);
    if (status != NATS_OK) {
      shared_->mailbox->release();
      return check(status);
    }
    natsSubscription_SetOnCompleteCB(subscription, on_complete, shared_->mailbox);
    subscriptions_.emplace(channel.data(), subscription);
  }

  void unsubscribe(std::string_view channel) {
    const auto found = subscriptions_.find(channel.data());
    if (found == subscriptions_.end()) return;
    natsSubscription_Unsubscribe(found->second);
    unsubscribed_.push_back(found->second);
    subscriptions_.erase(found);
  }

  void publish(std::string_view channel, std::string_view payload, std::string_view reply) {
    check(natsConnection_PublishRequest(connection_, names_.subject(channel), names_.reply(reply), payload.data(),
                                        static_cast<int>(payload.size())));
  }

  void probe(std::string_view channel, std::string_view reply) {
    check(publish_probe(connection_, names_.subject(channel), names_.reply(reply)));
  }

  [[nodiscard]] std::vector<Server> cluster() const { return connection_ ? told_by(connection_, shared_->server) : cluster_; }
  [[nodiscard]] bool is_secure() const noexcept { return records_.is_secure(); }

  void flush() {
    if (!connection_) return;
    if (failure_ != NATS_OK) return go_down({FaultKind::lost, natsStatus_GetText(failure_)});
    if (writing_ || !shared_->write_wanted) return;
    watched([this] { natsConnection_ProcessWriteEvent(connection_); });
    if (look_for_end() || !shared_->write_wanted) return;
    writing_ = true;
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_write,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                             self->writing_ = false;
                             if (!error) self->flush();
                           });
  }

  /// No event follows.
  /// natsConnection_Close() would wait for an answer that only we could read; so nats.c is shown the end of the stream.
  void end() {
    Mailbox::Mail mail = shared_->mailbox->close();
    if (mail.connected && !connection_) destroy(mail.connected, *shared_, {});
    if (!connection_) return;
    cluster_ = told_by(connection_, shared_->server);
    watchdog_.reset();
    shutdown(descriptor_.native_handle(), SHUT_RDWR);
    while (!natsConnection_IsClosed(connection_)) natsConnection_ProcessReadEvent(connection_);
    std::vector<natsSubscription*> subscriptions{replies_, shared_->fence};
    for (const auto& [channel, subscription] : subscriptions_) subscriptions.push_back(subscription);
    subscriptions_.clear();
    subscriptions.insert(subscriptions.end(), unsubscribed_.begin(), unsubscribed_.end());
    subscriptions.insert(subscriptions.end(), fenced_.begin(), fenced_.end());
    destroy(std::exchange(connection_, nullptr), *shared_, std::move(subscriptions));
    boost::system::error_code ignored;
    descriptor_.close(ignored);
  }

 private:
  void take_mail() {
    const auto self = shared_from_this();
    Mailbox::Mail mail = shared_->mailbox->take();
    if (mail.failed) return go_down(std::move(*mail.failed));
    if (mail.connected) begin(mail.connected);
    if (!connection_) return;
    deliver(mail.messages);
    keep(std::move(mail.messages));
    if (!connection_) return;
    tell_dropped(mail.dropped);
    tell_dropped(mail.slow);
    slow_.add(std::move(mail.slow));
    for (const Mailbox::Error& error : mail.errors) {
      if (!connection_) return;
      take_error(error);
    }
  }

  void tell_dropped(const Dropped& dropped) {
    for (const std::string& subject : dropped.subjects()) {
      if (const std::string* channel = names_.channel(subject)) events_.on_link_dropped(*channel);
    }
    if (dropped.any()) events_.on_link_dropped({});
  }

  void begin(natsConnection* connection) {
    connection_ = connection;
    descriptor_.assign(std::exchange(shared_->socket, -1));
    const char* ignored = nullptr;
    refused_before_ = natsConnection_GetLastError(connection_, &ignored) == NATS_CONNECTION_AUTH_FAILED;
    const natsStatus status = subscribe_inbox();
    if (status != NATS_OK) return go_down({FaultKind::lost, natsStatus_GetText(status)});
    ServerInfo info;
    info.max_payload = static_cast<std::size_t>(std::max<std::int64_t>(natsConnection_GetMaxPayload(connection_), 0));
    info.headers = natsConnection_HasHeaderSupport(connection_) == NATS_OK;
    info.cluster = told_by(connection_, shared_->server);
    events_.on_link_up(info);
    if (connection_) wait_read();
  }

  natsStatus subscribe_inbox() {
    constexpr int kReplies = 1 << 20;
    natsSubscription* fence = nullptr;
    natsStatus status = natsConnection_SubscribeSync(&fence, connection_, (options_.inbox + ".f").c_str());
    if (status != NATS_OK) return status;
    shared_->fence = fence;
    status = natsSubscription_SetPendingLimits(fence, 1, kReplies);
    if (status != NATS_OK) return status;
    shared_->mailbox->hold();
    status = natsConnection_Subscribe(&replies_, connection_, (options_.inbox + ".r.*").c_str(), on_answer, shared_->mailbox);
    if (status != NATS_OK) {
      shared_->mailbox->release();
      return status;
    }
    natsSubscription_SetOnCompleteCB(replies_, on_complete, shared_->mailbox);
    return natsSubscription_SetPendingLimits(replies_, kReplies, 1 << 30);
  }

  void wait_read() {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                             if (!error && self->connection_) self->read();
                           });
  }

  void read() {
    if (!records_.is_open(descriptor_.native_handle())) return wait_read();
    if (records_.is_secure() && !watchdog_ && !start_watchdog()) return;
    watched([this] { natsConnection_ProcessReadEvent(connection_); });
    if (look_for_end()) return;
    flush();
    if (connection_) wait_read();
  }

  bool start_watchdog() {
    try {
      watchdog_.emplace(descriptor_.native_handle());
    } catch (const std::system_error& error) {
      go_down({FaultKind::lost, error.what()});
    }
    return watchdog_.has_value();
  }
  template <class Call>
  void watched(Call call) {
    watchdog_ ? watchdog_->watch(call) : call();
  }

  void take_reply(natsMsg* message, std::string_view name) {
    if (name.front() != 'f') {
      if (natsMsg_IsNoResponders(message)) return events_.on_link_answer(name, Answer::nobody);
      if (is_probe(message)) events_.on_link_answer(name, Answer::holder);
    } else if (name.substr(1) == std::to_string(fence_)) {
      take_half();
    }
  }

  /// A fence is back once the message and the error have come that it consists of.
  void take_half() {
    if (++halves_ < 2) return;
    halves_ = 0;
    for (natsSubscription* subscription : std::exchange(fenced_, {})) natsSubscription_Destroy(subscription);
    tell_dropped(std::exchange(fenced_slow_, {}));  // a fence overtakes nothing: what nats.c dropped then, it has dropped
    events_.on_link_fence();
  }

  void take_error(const Mailbox::Error& error) {
    if (error.fence) return take_fence();
    if (error.status == NATS_CONNECTION_AUTH_FAILED) return go_down({FaultKind::auth, error.text});
    std::optional<Violation> violation = read_violation(error.text);
    if (!violation) return;  // the connection's own words, which look_for_end() reads
    const std::string& subject = violation->subject;
    if (violation->whole ? subject.starts_with(options_.inbox) : options_.inbox.starts_with(subject)) {
      return go_down(
          {FaultKind::config, error.text + "; the user needs to publish and subscribe to " + options_.subject_prefix + ">"});
    }
    if (!violation->whole) trim(violation->subject);
    if (const std::string* channel = names_.channel(subject)) events_.on_link_violation(*violation, *channel);
  }

  void take_fence() {
    natsMsg* message = nullptr;
    natsStatus status = natsSubscription_NextMsg(&message, shared_->fence, 0);
    if (status == NATS_SLOW_CONSUMER) status = natsSubscription_NextMsg(&message, shared_->fence, 0);  // said once before
    const MessagePtr owned(message);
    if (status != NATS_OK ||
        std::string_view(natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))) !=
            std::to_string(fence_)) {
      return go_down({FaultKind::lost, "protocol error: a fence that nobody has sent"});
    }
    take_half();
  }

  void deliver(const std::vector<MessagePtr>& mail) {
    for (const MessagePtr& message : mail) {
      const std::string_view subject = natsMsg_GetSubject(message.get());
      if (const std::string_view reply = names_.reply_name(subject); !reply.empty()) {
        hand_over();
        take_reply(message.get(), reply);
        if (!connection_) return;
        continue;
      }
      const char* reply = natsMsg_GetReply(message.get());
      if (reply && is_probe(message.get())) {
        // With our rights: only to those who ask as we do.
        if (std::string_view(reply).starts_with(options_.inbox_stem)) check(publish_probe(connection_, reply, nullptr));
        continue;
      }
      add_message(subject, payload_of(message.get()));
    }
    hand_over();
    flush();
  }

  /// nats.c has a thread that frees messages, and wakes it for as few as one: many at once wake it once.
  void keep(std::vector<MessagePtr> messages) {
    for (MessagePtr& message : messages) {
      read_bytes_ += payload_of(message.get()).size();
      read_.push_back(std::move(message));
    }
    if (read_.size() < kReadMessages && read_bytes_ < kReadBytes) return;
    read_.clear();
    read_bytes_ = 0;
  }

  void add_message(std::string_view subject, std::string_view payload) {
    std::string_view channel = subject.substr(std::min(options_.subject_prefix.size(), subject.size()));
    if (channel.find('%') != std::string_view::npos) {
      const std::string* decoded = names_.channel(subject);
      if (!decoded) return;
      channel = decoded_.emplace_back(*decoded);
    }
    messages_.push_back({channel, payload});
  }

  void hand_over() {
    if (!messages_.empty()) events_.on_link_messages(messages_);
    messages_.clear();
    decoded_.clear();
  }

  static std::string_view payload_of(natsMsg* message) {
    const int size = natsMsg_GetDataLength(message);
    return size > 0 ? std::string_view(natsMsg_GetData(message), static_cast<std::size_t>(size)) : std::string_view();
  }

  /// Whether nats.c has given the connection up, or should have: a revoked user's connection it would leave to the server.
  bool look_for_end() {
    if (!connection_) return true;
    const char* text = nullptr;
    const natsStatus status = natsConnection_GetLastError(connection_, &text);
    const bool refused = status == NATS_CONNECTION_AUTH_FAILED;
    refused_before_ = refused_before_ && refused;
    if (!natsConnection_IsClosed(connection_) && (!refused || refused_before_)) return false;
    // Other statuses are set without words: those are then of something that went before.
    const bool has_words = (refused || status == NATS_ERR) && text && *text;
    Fault fault = fault_of(has_words ? text : natsStatus_GetText(status));
    if (refused) fault.kind = FaultKind::auth;
    go_down(std::move(fault));
    return true;
  }

  void check(natsStatus status) {
    if (status != NATS_OK && failure_ == NATS_OK) failure_ = status;
  }

  void go_down(Fault fault) {
    end();
    events_.on_link_down(std::move(fault));
  }

  /// Half a byte at the end of what was cut.
  static void trim(std::string& subject) {
    const std::size_t percent = subject.rfind('%');
    if (percent != std::string::npos && subject.size() - percent < 3) subject.erase(percent);
  }

  const LinkOptions options_;
  LinkEvents& events_;
  Names names_;
  asio::posix::stream_descriptor descriptor_;
  const std::shared_ptr<Shared> shared_;

  natsConnection* connection_ = nullptr;  // nullptr: not yet, or no more
  std::vector<Server> cluster_;           // as it was at the end
  natsSubscription* replies_ = nullptr;
  std::unordered_map<const char*, natsSubscription*> subscriptions_;  // by where the channel's name stands
  // Given up, and there until a fence has come back: errors that name them are told until then.
  std::vector<natsSubscription*> unsubscribed_;
  std::vector<natsSubscription*> fenced_;  // the open fence is behind their end
  // nats.c tells of the first message that it drops in a row only: told again once the row is surely over.
  Dropped slow_;
  Dropped fenced_slow_;
  std::uint64_t fence_ = 0;
  int halves_ = 0;  // of the open fence that have come
  natsStatus failure_ = NATS_OK;
  bool writing_ = false;
  bool refused_before_ = false;  // by a server that was tried before this one, which nats.c does not forget

  RecordGate records_;  // of TLS, as the watchdog
  std::optional<Watchdog> watchdog_;

  std::vector<MessagePtr> read_;  // not freed yet
  std::size_t read_bytes_ = 0;
  std::vector<Message> messages_;
  std::deque<std::string> decoded_;  // names that messages_ points into
};

Link::Link(asio::io_context& context, LinkOptions options, Attempts& attempts, LinkEvents& events)
    : connection_(std::make_shared<Connection>(context, std::move(options), attempts, events)) {}

Link::~Link() { connection_->end(); }

void Link::fence() { connection_->fence(); }
void Link::subscribe(std::string_view channel) { connection_->subscribe(channel); }
void Link::unsubscribe(std::string_view channel) { connection_->unsubscribe(channel); }
void Link::publish(std::string_view channel, std::string_view payload, std::string_view reply) {
  connection_->publish(channel, payload, reply);
}
void Link::probe(std::string_view channel, std::string_view reply) { connection_->probe(channel, reply); }

std::vector<Server> Link::cluster() const { return connection_->cluster(); }
bool Link::is_secure() const noexcept { return connection_->is_secure(); }

void Link::flush() {
  const auto connection = connection_;  // on_link_down() may end us
  connection->flush();
}

}  // namespace signalbox::nats

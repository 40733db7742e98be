#include "brokers/nats/link.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <nats/nats.h>
#include <sys/socket.h>

#include "brokers/nats/callbacks.hpp"
#include "brokers/nats/mailbox.hpp"
#include "brokers/nats/subject.hpp"

namespace signalbox::nats {
namespace {

namespace asio = boost::asio;

/// Only holders look for it, so that nothing of ours is ever in a payload.
constexpr const char* kProbeHeader = "Signalbox-Probe";

void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  static_cast<Mailbox*>(closure)->message(message);
}

void on_complete(void* closure) { static_cast<Mailbox*>(closure)->release(); }

}  // namespace

/// Outlives the link where an event ends it while one of its handlers still runs.
class Link::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& context, LinkOptions options, LinkEvents& events)
      : options_(std::move(options)),
        events_(events),
        descriptor_(context),
        shared_(std::make_shared<Shared>(context, [this] { take_mail(); })) {
    start_connecting(shared_, options_);
  }

  void fence() {
    ++fence_;
    fenced_ = std::exchange(unsubscribed_, {});
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
    set_subject(channel);
    shared_->mailbox->hold();
    const natsStatus status =
        natsConnection_Subscribe(&subscription, connection_, subject_.c_str(), on_message, shared_->mailbox);
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
    set_subject(channel);
    set_reply(reply);
    check(natsConnection_PublishRequest(connection_, subject_.c_str(), reply_.c_str(), payload.data(),
                                        static_cast<int>(payload.size())));
  }

  void probe(std::string_view channel, std::string_view reply) {
    set_subject(channel);
    set_reply(reply);
    natsMsg* message = nullptr;
    natsStatus status = natsMsg_Create(&message, subject_.c_str(), reply_.c_str(), nullptr, 0);
    const MessagePtr owned(message);
    if (status == NATS_OK) status = natsMsgHeader_Set(message, kProbeHeader, "1");
    if (status == NATS_OK) status = natsConnection_PublishMsg(connection_, message);
    check(status);
  }

  void flush() {
    if (!connection_) return;
    if (failure_ != NATS_OK) return go_down({FaultKind::lost, natsStatus_GetText(failure_)});
    if (writing_ || !shared_->write_wanted) return;
    natsConnection_ProcessWriteEvent(connection_);
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
    for (const std::string& subject : mail.dropped) {
      if (read_channel(subject)) events_.on_link_dropped(channel_);
    }
    for (const Mailbox::Error& error : mail.errors) {
      if (!connection_) return;
      take_error(error);
    }
  }

  void begin(natsConnection* connection) {
    connection_ = connection;
    descriptor_.assign(std::exchange(shared_->socket, -1));
    const natsStatus status = subscribe_inbox();
    if (status != NATS_OK) return go_down({FaultKind::lost, natsStatus_GetText(status)});
    ServerInfo info;
    info.max_payload = static_cast<std::size_t>(std::max<std::int64_t>(natsConnection_GetMaxPayload(connection_), 0));
    info.headers = natsConnection_HasHeaderSupport(connection_) == NATS_OK;
    char** servers = nullptr;
    int count = 0;
    if (natsConnection_GetDiscoveredServers(connection_, &servers, &count) == NATS_OK) {
      const std::vector<std::string> urls(servers, servers + count);
      if (!urls.empty()) info.cluster = cluster_of(shared_->server, urls);
      for (int i = 0; i < count; ++i) free(servers[i]);
      free(servers);
    }
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
    status = natsConnection_Subscribe(&replies_, connection_, (options_.inbox + ".r.*").c_str(), on_message, shared_->mailbox);
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
    natsConnection_ProcessReadEvent(connection_);
    if (look_for_end()) return;
    flush();
    if (connection_) wait_read();
  }

  void take_reply(natsMsg* message, std::string_view name) {
    if (name.front() != 'f') {
      const Answer answer = natsMsg_IsNoResponders(message) ? Answer::nobody : Answer::holder;
      events_.on_link_answer(name, answer);
    } else if (name.substr(1) == std::to_string(fence_)) {
      take_half();
    }
  }

  /// A fence is back once the message and the error have come that it consists of.
  void take_half() {
    if (++halves_ < 2) return;
    halves_ = 0;
    for (natsSubscription* subscription : std::exchange(fenced_, {})) natsSubscription_Destroy(subscription);
    events_.on_link_fence();
  }

  void take_error(const Mailbox::Error& error) {
    if (error.fence) return take_fence();
    std::optional<Violation> violation = read_violation(error.text);
    if (!violation) return;  // the connection's own words, which look_for_end() reads
    if (violation->subject.starts_with(options_.inbox)) {
      return go_down(
          {FaultKind::config, error.text + "; the user needs to publish and subscribe to " + options_.subject_prefix + ">"});
    }
    if (!violation->whole) trim(violation->subject);
    if (read_channel(violation->subject)) events_.on_link_violation(*violation, channel_);
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
      if (subject.size() > options_.inbox.size() + 3 && subject.starts_with(options_.inbox)) {
        hand_over();
        take_reply(message.get(), subject.substr(options_.inbox.size() + 3));  // ".r."
        if (!connection_) return;
        continue;
      }
      const char* reply = natsMsg_GetReply(message.get());
      const char* value = nullptr;
      if (reply && natsMsgHeader_Get(message.get(), kProbeHeader, &value) == NATS_OK) {
        check(natsConnection_Publish(connection_, reply, nullptr, 0));
        continue;
      }
      const std::string_view token = subject.substr(std::min(options_.subject_prefix.size(), subject.size()));
      std::string_view channel = token;
      if (token.find('%') != std::string_view::npos) {
        if (!read_token(token, channel_)) continue;
        channel = names_.emplace_back(channel_);
      }
      messages_.push_back({channel, payload_of(message.get())});
    }
    hand_over();
    flush();
  }

  void hand_over() {
    if (!messages_.empty()) events_.on_link_messages(messages_);
    messages_.clear();
    names_.clear();
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
    const bool closed = natsConnection_IsClosed(connection_);
    if (!closed && status != NATS_CONNECTION_AUTH_FAILED) return false;
    Fault fault = fault_of(text && *text && status != NATS_NOT_PERMITTED ? text : natsStatus_GetText(status));
    if (status == NATS_CONNECTION_AUTH_FAILED) fault.kind = FaultKind::auth;
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

  void set_subject(std::string_view channel) {
    subject_ = options_.subject_prefix;
    append_token(subject_, channel);
  }
  void set_reply(std::string_view reply) {
    reply_ = options_.inbox;
    reply_.append(".r.").append(reply);
  }
  bool read_channel(std::string_view subject) {
    return subject.starts_with(options_.subject_prefix) && read_token(subject.substr(options_.subject_prefix.size()), channel_);
  }
  /// Half a byte at the end of what was cut.
  static void trim(std::string& subject) {
    const std::size_t percent = subject.rfind('%');
    if (percent != std::string::npos && subject.size() - percent < 3) subject.erase(percent);
  }

  const LinkOptions options_;
  LinkEvents& events_;
  asio::posix::stream_descriptor descriptor_;
  const std::shared_ptr<Shared> shared_;

  natsConnection* connection_ = nullptr;  // nullptr: not yet, or no more
  natsSubscription* replies_ = nullptr;
  std::unordered_map<const char*, natsSubscription*> subscriptions_;  // by where the channel's name stands
  // Given up, and there until a fence has come back: errors that name them are told until then.
  std::vector<natsSubscription*> unsubscribed_;
  std::vector<natsSubscription*> fenced_;  // the open fence is behind their end
  std::uint64_t fence_ = 0;
  int halves_ = 0;  // of the open fence that have come
  natsStatus failure_ = NATS_OK;
  bool writing_ = false;

  std::string subject_;  // of the call under way
  std::string reply_;
  std::string channel_;
  std::vector<Message> messages_;
  std::deque<std::string> names_;  // decoded, what messages_ points into
};

Link::Link(asio::io_context& context, LinkOptions options, LinkEvents& events)
    : connection_(std::make_shared<Connection>(context, std::move(options), events)) {}

Link::~Link() { connection_->end(); }

void Link::fence() { connection_->fence(); }
void Link::subscribe(std::string_view channel) { connection_->subscribe(channel); }
void Link::unsubscribe(std::string_view channel) { connection_->unsubscribe(channel); }
void Link::publish(std::string_view channel, std::string_view payload, std::string_view reply) {
  connection_->publish(channel, payload, reply);
}
void Link::probe(std::string_view channel, std::string_view reply) { connection_->probe(channel, reply); }

void Link::flush() {
  const auto connection = connection_;  // on_link_down() may end us
  connection->flush();
}

}  // namespace signalbox::nats

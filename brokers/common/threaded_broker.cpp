#include "brokers/common/threaded_broker.hpp"

#include <cassert>
#include <utility>

#include "brokers/common/channel.hpp"

namespace signalbox::brokers {

ThreadedBroker::ThreadedBroker(std::size_t queue_bytes, std::size_t call_overhead)
    : queue_bytes_(queue_bytes), call_overhead_(call_overhead), budget_(queue_bytes) {}

ThreadedBroker::~ThreadedBroker() { assert(!engine_); }

void ThreadedBroker::start(Host& host) {
  engine_ = make_engine(host, intake_, budget_);
  try {
    engine_->start();  // once it can be found: the host may call a verb from its first callback
  } catch (...) {
    engine_.reset();  // no thread could be made, and nothing would ever complete what it is handed
    throw;
  }
}

void ThreadedBroker::subscribe(std::string_view channel, Done done) {
  append({Call::Kind::subscribe, 0, 0, 0, std::move(done), check_channel(channel)}, channel);
}

void ThreadedBroker::unsubscribe(std::string_view channel, Done done) {
  append({Call::Kind::unsubscribe, 0, 0, 0, std::move(done), check_channel(channel)}, channel);
}

void ThreadedBroker::publish(std::string_view channel, std::string_view payload, PublishDone done) {
  Status refusal = check_channel(channel);
  if (payload.size() > capabilities().max_payload_bytes) refusal = {errc::too_large, "the payload exceeds the broker's limit"};
  append({Call::Kind::publish, 0, 0, channel.size() + payload.size() + call_overhead_, std::move(done), refusal}, channel,
         payload);
}

void ThreadedBroker::exists(std::string_view channel, ExistsDone done) {
  append({Call::Kind::exists, 0, 0, channel.size() + call_overhead_, std::move(done), check_channel(channel)}, channel);
}

void ThreadedBroker::append(Call&& call, std::string_view channel, std::string_view payload) {
  if (!engine_) return call.finish({errc::unavailable, "the broker could not be started"});  // here: it has no thread
  if (call.refusal.ok() && !budget_.take(call.cost)) call.refusal = {errc::overloaded, "publish_queue_bytes is reached"};
  if (!call.refusal.ok()) {
    call.cost = 0;
    channel = payload = {};  // of any length, and not needed
  }
  if (intake_.append(std::move(call), channel, payload)) engine_->wake();
}

void ThreadedBroker::stop(std::chrono::milliseconds deadline) {
  if (engine_) engine_->stop(deadline);
}

std::size_t ThreadedBroker::queued_payload_bytes() const noexcept { return queue_bytes_ - kChannelBytes - call_overhead_; }

}  // namespace signalbox::brokers

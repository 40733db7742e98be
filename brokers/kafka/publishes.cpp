#include "brokers/kafka/publishes.hpp"

#include <iterator>
#include <utility>

namespace signalbox::kafka {

Publish& Publishes::open(PublishDone done, std::size_t cost, Time deadline) {
  Publish& publish = open_.emplace_back(std::move(done), cost, deadline);
  publish.place_ = std::prev(open_.end());
  return publish;
}

void Publishes::record(Publish& publish, bool counts) noexcept {
  ++publish.outstanding_;
  if (!counts) ++publish.uncounted_;
}

void Publishes::refuse(Publish& publish, errc code, const std::string& detail) {
  if (publish.refused_++ == 0) {
    publish.code_ = code;
    publish.detail_ = detail;
  }
}

void Publishes::close(Publish& publish) { settle(publish); }

void Publishes::report(Publish& publish, Stored stored, errc code, const std::string& detail) {
  switch (stored) {
    case Stored::yes: ++publish.stored_; break;
    case Stored::no: refuse(publish, code, detail); break;
    case Stored::unknown:
      ++publish.unknown_;
      publish.detail_ = detail;
      break;
  }
  settle(publish);
}

void Publishes::settle(Publish& publish) {
  if (--publish.outstanding_ > 0) return;
  budget_.give_back(publish.cost_);
  if (publish.late_) {
    late_.erase(publish.place_);
    return;
  }
  List ended;  // out of the list before the callback, which may call again
  ended.splice(ended.end(), open_, publish.place_);
  if (publish.unknown_ > 0 || (publish.stored_ > 0 && publish.refused_ > 0)) {
    publish.done_({errc::unknown_outcome, publish.detail_}, {publish.receivers(), Precision::estimate});
  } else if (publish.refused_ > 0) {
    publish.done_({publish.code_, publish.detail_}, {});
  } else {
    publish.done_({}, {publish.receivers(), Precision::estimate});
  }
}

void Publishes::expire(Time now) {
  while (!open_.empty() && open_.front().deadline_ <= now) {
    Publish& publish = open_.front();
    publish.late_ = true;
    late_.splice(late_.end(), open_, open_.begin());
    std::exchange(publish.done_, {})({errc::unknown_outcome, "not acknowledged in time"}, {});
  }
}

void Publishes::abandon_reports() {
  finish_all({errc::unknown_outcome, "the connection was given up"});
  for (const Publish& publish : late_) budget_.give_back(publish.cost_);
  late_.clear();
}

void Publishes::finish_all(const Status& status) {
  while (!open_.empty()) {
    Publish& publish = open_.front();
    publish.late_ = true;
    late_.splice(late_.end(), open_, open_.begin());
    std::exchange(publish.done_, {})(status, {});
  }
}

}  // namespace signalbox::kafka

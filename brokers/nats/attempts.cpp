#include "brokers/nats/attempts.hpp"

#include <utility>

namespace signalbox::nats {

void Attempts::start(std::function<void()> attempt) {
  under_way_.remove_if([](Attempt& one) {
    const bool over = one.ended.wait_for(Duration(0)) == std::future_status::ready;
    if (over) one.thread.join();
    return over;
  });
  std::list<Attempt> added(1);
  std::packaged_task<void()> task(std::move(attempt));
  added.front().ended = task.get_future();
  added.front().thread = std::thread(std::move(task));
  under_way_.splice(under_way_.end(), added);
}

void Attempts::await(Time until) {
  for (Attempt& one : under_way_) {
    if (one.ended.wait_until(until) == std::future_status::ready) {
      one.thread.join();
    } else {
      one.thread.detach();
    }
  }
  under_way_.clear();
}

}  // namespace signalbox::nats

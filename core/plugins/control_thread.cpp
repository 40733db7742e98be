#include "core/plugins/control_thread.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace signalbox {
namespace {

std::atomic<int> hanging{0};

}  // namespace

bool a_plugin_hangs() noexcept { return hanging.load() > 0; }

struct ControlThread::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::function<void()> call;  // empty: idle
  bool overdue = false;        // the call has been given up
  bool ending = false;
  std::thread thread;

  void loop() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return call || ending; });
      if (!call) return;
      lock.unlock();
      call();
      lock.lock();
      call = nullptr;
      if (std::exchange(overdue, false)) --hanging;
      changed.notify_all();
    }
  }
};

ControlThread::ControlThread() : state_(std::make_shared<State>()) {
  state_->thread = std::thread([state = state_] { state->loop(); });
}

ControlThread::~ControlThread() {
  std::unique_lock lock(state_->mutex);
  state_->ending = true;
  state_->changed.notify_all();
  const bool given_up = state_->overdue;
  lock.unlock();
  if (given_up) {
    state_->thread.detach();
  } else {
    state_->thread.join();
  }
}

bool ControlThread::run(std::function<void()> call, std::chrono::milliseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto idle = [&] { return !state.call; };
  if (!state.changed.wait_until(lock, deadline, idle)) return false;
  state.call = std::move(call);
  state.changed.notify_all();
  if (state.changed.wait_until(lock, deadline, idle)) return true;
  state.overdue = true;
  ++hanging;
  return false;
}

}  // namespace signalbox

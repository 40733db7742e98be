// The one thread that loads, makes, starts, stops and destroys a plugin's broker, and is given up when it does not come back.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace signalbox {

/// Threading: one thread.
class ControlThread {
 public:
  ControlThread();
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;
  /// A thread that hangs is left to itself.
  ~ControlThread();

  /// Runs `call` after those before it and waits for its return. False if that took longer: the call goes on, and what
  /// it uses has to live as long as it may. Where one before it hangs, `call` is not run at all.
  /// Errors: nothing may leave `call`.
  bool run(std::function<void()> call, std::chrono::milliseconds within);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// True while a ControlThread hangs in a plugin. The process must then end by std::_Exit: the thread may hold the loader's
/// lock or use what static destructors destroy.
bool a_plugin_hangs() noexcept;

}  // namespace signalbox

// A plugin in C++ that sees the installed SDK and nothing else of Signalbox: each channel is a name in a set.
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <signalbox/plugin.hpp>

namespace {

using namespace signalbox;

class Outside final : public Broker {
 public:
  explicit Outside(const Settings& settings) : greeting_(settings.text("greeting")) {}

  void start(Host& host) override {
    host_ = &host;
    host.log(LogLevel::info, greeting_);
    thread_ = std::thread([this] { run(); });
    post([this] { host_->state(State::ready, {}); });
  }
  void subscribe(std::string_view channel, Done done) override {
    post([this, name = std::string(channel), done = keep(std::move(done))] {
      channels_.insert(name);
      (*done)({});
    });
  }
  void unsubscribe(std::string_view channel, Done done) override {
    post([this, name = std::string(channel), done = keep(std::move(done))] {
      channels_.erase(name);
      (*done)({});
    });
  }
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override {
    post([this, name = std::string(channel), text = std::string(payload), done = keep(std::move(done))] {
      const std::size_t receivers = channels_.count(name);
      const Message message{name, text};
      if (receivers > 0) host_->deliver({&message, 1});
      (*done)({}, {receivers, Precision::exact});
    });
  }
  void exists(std::string_view channel, ExistsDone done) override {
    post([this, name = std::string(channel), done = keep(std::move(done))] { (*done)({}, channels_.count(name) > 0); });
  }
  [[nodiscard]] Capabilities capabilities() const override {
    return {Precision::exact, ExistsKind::authoritative, {}, std::chrono::milliseconds(0), 1 << 24, false};
  }
  void stop(std::chrono::milliseconds) override {
    post([this] {
      host_->state(State::closed, {});
      ending_ = true;
    });
    thread_.join();
  }

 private:
  using Task = std::function<void()>;

  template <class Callback>
  static std::shared_ptr<Callback> keep(Callback callback) {
    return std::make_shared<Callback>(std::move(callback));
  }
  void post(Task task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    wake_.notify_one();
  }
  void run() {
    while (!ending_) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !tasks_.empty(); });
      const Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

  const std::string greeting_;
  Host* host_ = nullptr;
  std::set<std::string> channels_;  // of the thread, as ending_
  bool ending_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  std::thread thread_;
};

constexpr Option kOptions[] = {{"greeting", "text", "hello", "What it logs at its start.", 0, 0, 0, 0}};

}  // namespace

SIGNALBOX_BROKER_PLUGIN(Outside, "outside", "0.0.1", kOptions)

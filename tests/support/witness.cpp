#include "tests/support/witness.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace signalbox::test {
namespace {

/// How often a device looks whether it is to end.
constexpr milliseconds kLook = 50ms;
constexpr std::size_t kReadyEvery = 10;

milliseconds whole(std::chrono::steady_clock::duration time) { return std::chrono::ceil<milliseconds>(time); }

}  // namespace

/// What one client got, by the number of the message. Threading: `arrived` and `reordered` under the mutex.
struct Witness::Device {
  explicit Device(WebSocketClient connected) : client(std::move(connected)) {}

  WebSocketClient client;
  std::mutex mutex;
  std::vector<Clock::time_point> arrived;
  std::size_t count = 0;
  std::size_t reordered = 0;
  std::size_t highest = 0;  ///< 1 + the newest number
  std::atomic<bool> disconnected = false;
  std::thread thread;
};

Witness::Witness(Instance& instance, Options options) : options_(std::move(options)), api_port_(instance.api_port()) {
  for (std::size_t i = 0; i < options_.devices; ++i) {
    devices_.push_back(std::make_unique<Device>(instance.connect(options_.user)));
  }
  for (const auto& device : devices_) device->thread = std::thread([this, &device = *device] { listen(device); });
  publisher_ = std::thread([this] { publish(); });
}

Witness::~Witness() {
  stop_publishing_ = stop_listening_ = true;
  if (publisher_.joinable()) publisher_.join();
  for (const auto& device : devices_) {
    if (device->thread.joinable()) device->thread.join();
  }
}

void Witness::publish() {
  HttpClient api(api_port_);
  while (!stop_publishing_) {
    const std::size_t number = answered_.size();
    const Clock::time_point begin = Clock::now();
    bool delivered = false;
    try {
      delivered = api.post("/api/v1/users/" + options_.user + "/messages", std::to_string(number)).status == 200;
      if (number % kReadyEvery == 0 && api.get("/readyz").status != 200) ++report_.not_ready;
    } catch (const std::exception&) {
      // No answer is one that was not 200.
    }
    const Clock::time_point end = Clock::now();
    answered_.push_back(delivered ? end : Clock::time_point());
    ++(delivered ? report_.published : report_.refused);
    report_.longest_answer = std::max(report_.longest_answer, whole(end - begin));
    ++published_;
    std::this_thread::sleep_for(options_.pause);
  }
}

void Witness::listen(Device& device) {
  while (!stop_listening_) {
    std::optional<WebSocketMessage> message;
    try {
      message = device.client.next(kLook);
      if (!message && device.client.wait_closed(0ms)) {
        device.disconnected = true;
        return;
      }
    } catch (const std::exception&) {
      device.disconnected = true;
      return;
    }
    if (!message) continue;
    const Clock::time_point now = Clock::now();
    const std::size_t number = std::stoul(message->payload);
    const std::lock_guard lock(device.mutex);
    if (device.arrived.size() <= number) device.arrived.resize(number + 1);
    if (number < device.highest) ++device.reordered;
    device.highest = std::max(device.highest, number + 1);
    if (device.arrived[number] == Clock::time_point()) ++device.count;
    device.arrived[number] = now;
  }
}

Witness::Report Witness::finish() {
  stop_publishing_ = true;
  if (publisher_.joinable()) publisher_.join();
  wait_until([this] {
    return std::all_of(devices_.begin(), devices_.end(), [this](const auto& device) {
      const std::lock_guard lock(device->mutex);
      return device->disconnected || device->count >= report_.published;
    });
  });
  stop_listening_ = true;
  Report report = report_;
  for (const auto& device : devices_) {
    device->thread.join();
    device->arrived.resize(answered_.size());
    report.reordered += device->reordered;
    if (device->disconnected) ++report.disconnected;
    for (std::size_t number = 0; number < answered_.size(); ++number) {
      if (answered_[number] == Clock::time_point()) continue;
      if (device->arrived[number] == Clock::time_point()) {
        ++report.lost;
      } else {
        report.longest_wait = std::max(report.longest_wait, whole(device->arrived[number] - answered_[number]));
      }
    }
  }
  devices_.clear();
  return report;
}

std::ostream& operator<<(std::ostream& out, const Witness::Report& report) {
  return out << report.published << " published, " << report.refused << " refused, " << report.not_ready << " times not ready, "
             << report.lost << " lost, " << report.reordered << " reordered, " << report.disconnected
             << " disconnected, longest wait " << report.longest_wait.count() << " ms, longest answer "
             << report.longest_answer.count() << " ms";
}

}  // namespace signalbox::test

// A broker plugin of the tests' own behind make_plugin_broker(), and what both sides have been told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/fault.hpp"
#include "core/plugins/plugin_broker.hpp"
#include "tests/unit/core/plugins/line_host.hpp"

namespace signalbox::test {

inline signalbox_view view(std::string_view text) { return {text.data(), text.size()}; }
inline std::string text(signalbox_view from) { return {from.data, from.size}; }

/// The plugin's side, as a C author writes it: a table and what it has been asked. There is one at a time.
struct FakePlugin {
  signalbox_broker table{};
  const signalbox_host* host = nullptr;
  std::vector<std::string> calls;
  std::vector<std::uint64_t> ops;  // of the verbs, in call order
  std::vector<std::string> settings;
  signalbox_capabilities capabilities{};
  std::string create_error;
  bool completes_at_stop = false;
  bool silent = false;  // create() gives neither a broker nor words
  bool throws = false;  // every function does, against the rules
  std::function<void()> during_create;
  std::function<void()> during_start;
  std::function<void()> during_stop;

  void may_throw(const char* what) const {
    if (throws) throw std::runtime_error(what);
  }

  void complete(std::uint64_t op, std::int32_t status = SIGNALBOX_OK, std::string_view detail = {}, std::uint64_t receivers = 0,
                std::int32_t precision = SIGNALBOX_PRECISION_UNKNOWN, std::int32_t exists = 0) const {
    const signalbox_result result{sizeof(signalbox_result), status, view(detail), receivers, precision, exists};
    host->complete(host->context, op, &result);
  }
};

inline FakePlugin* fake = nullptr;

inline void note_verb(std::uint64_t op, std::string call) {
  fake->ops.push_back(op);
  fake->calls.push_back(std::move(call));
  fake->may_throw("verb failed");
}

inline signalbox_broker whole_table() {
  signalbox_broker table{};
  table.struct_size = sizeof table;
  table.self = fake;
  table.start = [](void* self) {
    static_cast<FakePlugin*>(self)->calls.emplace_back("start");
    if (fake->during_start) fake->during_start();
    fake->may_throw("start failed");
  };
  table.subscribe = [](void*, std::uint64_t op, signalbox_view channel) { note_verb(op, "subscribe " + text(channel)); };
  table.unsubscribe = [](void*, std::uint64_t op, signalbox_view channel) { note_verb(op, "unsubscribe " + text(channel)); };
  table.publish = [](void*, std::uint64_t op, signalbox_view channel, signalbox_view payload) {
    note_verb(op, "publish " + text(channel) + "=" + text(payload));
  };
  table.exists = [](void*, std::uint64_t op, signalbox_view channel) { note_verb(op, "exists " + text(channel)); };
  table.capabilities = [](void*, signalbox_capabilities* out) {
    fake->may_throw("capabilities failed");
    const std::uint32_t size = out->struct_size;
    *out = fake->capabilities;
    out->struct_size = size;
  };
  table.stop = [](void*, std::uint32_t deadline_ms) {
    fake->calls.push_back("stop " + std::to_string(deadline_ms));
    if (fake->during_stop) fake->during_stop();
    if (fake->completes_at_stop) {
      for (const std::uint64_t op : fake->ops) fake->complete(op, SIGNALBOX_CLOSED, "stopping");
    }
    fake->may_throw("stop failed");
  };
  table.destroy = [](void*) {
    fake->calls.emplace_back("destroy");
    fake->may_throw("destroy failed");
  };
  return table;
}

inline const signalbox_broker* create(const signalbox_host* host, const signalbox_setting* settings, std::size_t count,
                                      char* error, std::size_t error_size) {
  fake->host = host;
  fake->may_throw("create failed");
  if (fake->during_create) fake->during_create();
  if (fake->silent) return nullptr;
  for (std::size_t i = 0; i < count; ++i) fake->settings.push_back(text(settings[i].key) + "=" + text(settings[i].value));
  if (fake->create_error.empty()) return &fake->table;
  fake->create_error.copy(error, error_size);  // without a NUL if it is too long
  return nullptr;
}

/// Every slot of the host that tells it something.
inline void report_everything(const signalbox_host& host) {
  const signalbox_message message{view("a"), view("1")};
  host.deliver(host.context, &message, 1);
  host.gap(host.context, nullptr, 0, view("link lost"));
  host.state(host.context, SIGNALBOX_STATE_READY, nullptr, 0);
  host.refused(host.context, view("a"), SIGNALBOX_REJECTED, view("NOPERM"));
  host.log(host.context, SIGNALBOX_LOG_ERROR, view("here"));
}

class PluginBrokerTest : public testing::Test {
 protected:
  PluginBrokerTest() {
    fake = &plugin_;
    plugin_.table = whole_table();
  }
  ~PluginBrokerTest() override {
    broker_.reset();
    fake = nullptr;
  }

  void make(const Settings& settings = {}) {
    signalbox_plugin descriptor{};
    descriptor.struct_size = sizeof descriptor;
    descriptor.name = "fake";
    descriptor.version = "1";
    descriptor.create = create;
    broker_ = make_plugin_broker(descriptor, host_, settings, "/lib/fake.so");
  }

  void make_and_start() {
    make();
    broker_->start(host_);
    plugin_.calls.clear();
  }

  /// Why no broker could be made.
  std::string refusal() {
    try {
      make();
      return "";
    } catch (const ConfigError& e) {
      return e.what();
    }
  }

  /// Completions that write their outcome down, with `tag` before it.
  Done done(std::string tag) {
    return [this, tag = std::move(tag)](const Status& status) { note(tag + outcome(status)); };
  }
  PublishDone published(std::string tag) {
    return [this, tag = std::move(tag)](const Status& status, Receivers receivers) {
      note(tag + outcome(status) + " " + std::to_string(receivers.count) + " " + word(receivers.precision));
    };
  }
  ExistsDone existence(std::string tag) {
    return [this, tag = std::move(tag)](const Status& status, bool exists) {
      note(tag + outcome(status) + (exists ? " yes" : " no"));
    };
  }
  std::vector<std::string> outcomes() {
    const std::lock_guard lock(outcomes_mutex_);
    return std::exchange(outcomes_, {});
  }
  std::size_t count_outcomes() {
    const std::lock_guard lock(outcomes_mutex_);
    return outcomes_.size();
  }

  FakePlugin plugin_;
  LineHost host_;
  std::unique_ptr<Broker> broker_;
  std::mutex outcomes_mutex_;

 private:
  void note(std::string line) {
    const std::lock_guard lock(outcomes_mutex_);
    outcomes_.push_back(std::move(line));
  }
  static std::string outcome(const Status& status) {
    return ": " + (status.code ? status.code.message() : std::string("ok")) +
           (status.detail.empty() ? "" : " '" + std::string(status.detail) + "'");
  }

  std::vector<std::string> outcomes_;
};

}  // namespace signalbox::test

// Where harm is done: an instance, clients of it that behave, and what it held before.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "tests/support/footprint.hpp"
#include "tests/support/hostile/behaviours.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/witness.hpp"

namespace signalbox::test {

/// `time` as a value of the configuration, longer where the tests are slow.
[[nodiscard]] std::string duration(milliseconds time);

/// On two threads unless `settings` say otherwise.
class Scene {
 public:
  explicit Scene(Settings settings = {}) : Scene(std::move(settings), Instance::Launch{}) {}
  Scene(Settings settings, Instance::Launch launch);
  explicit Scene(const RedisServer& redis, Settings settings = {});
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  /// Ends the witness and expects that it has noticed nothing: each message in order and in time, ready throughout; and that
  /// the process is the one that began and ends in good order.
  ~Scene();

  Instance instance;
  Witness witness;

  /// Does harm some times over, and expects after each that every connection and descriptor is given back; and that memory does
  /// not grow each time: pools fill once, a leak grows on. Up to three times more, as long as it does.
  void repeat(int times, const std::function<void()>& harm);
  [[nodiscard]] Footprint footprint() { return Footprint::of(instance.process().pid()); }
  /// WebSockets besides the witness's.
  [[nodiscard]] std::size_t strangers();
  /// A message to each of the users `user`0, `user`1 ... `count` of them, in one request: within less time than any of them has
  /// to answer a ping.
  void publish_to_each(const std::string& user, std::size_t count, const std::string& payload);
  /// A client that comes now is served.
  void expect_open_to_newcomers();

 private:
  void begin();

  Footprint before_;
};

}  // namespace signalbox::test

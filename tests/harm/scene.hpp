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
  /// the process is the one that began.
  ~Scene();

  Instance instance;
  Witness witness;

  /// Does harm some times over, and expects after each that every connection and descriptor is given back; and after the last
  /// that no more memory is held than after the first: pools fill once, a leak grows on.
  void repeat(int times, const std::function<void()>& harm);
  [[nodiscard]] Footprint footprint() { return Footprint::of(instance.process().pid()); }
  /// WebSockets besides the witness's.
  [[nodiscard]] std::size_t strangers();
  /// A client that comes now is served.
  void expect_open_to_newcomers();

 private:
  void begin();

  Footprint before_;
};

}  // namespace signalbox::test

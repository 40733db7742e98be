// Three NATS servers of the suite's own that know each other: what a subscription promises where it has to travel, and a server
// that dies.
#pragma once

#include <cstddef>
#include <string>

#include "tests/conformance/backend.hpp"
#include "tests/support/nats_cluster.hpp"

namespace signalbox::conformance {

class NatsClusterBackend final : public Backend {
 public:
  [[nodiscard]] std::string lacks(Control control) const override {
    if (control == Control::failover || control == Control::separate) return {};
    return "the suite does this to a single server";
  }
  /// Of one server only: of the others it tells itself.
  [[nodiscard]] Values values() const override { return {{"url", nats_[first_].url()}}; }
  void fail_over() override { nats_[first_++].kill(); }

 private:
  test::NatsCluster nats_{3};
  std::size_t first_ = 0;
};

}  // namespace signalbox::conformance

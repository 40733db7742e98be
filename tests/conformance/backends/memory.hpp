// No server at all.
#pragma once

#include "tests/conformance/backend.hpp"

namespace signalbox::conformance {

class MemoryBackend final : public Backend {
 public:
  [[nodiscard]] std::string lacks(Control control) const override;
  [[nodiscard]] Values values() const override { return {}; }
};

}  // namespace signalbox::conformance

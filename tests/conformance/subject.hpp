// What a contract run is about: a way to make brokers of one kind, linked in or through the C ABI.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

#include "core/plugins/plugin_library.hpp"

namespace signalbox::conformance {

/// A section's values as they stand in YAML, before validation: {"url", "redis://localhost"}.
using Values = std::vector<std::pair<std::string, std::string>>;

/// Threading: one thread.
class Subject {
 public:
  virtual ~Subject() = default;

  /// The section's name: "redis".
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::string version() const = 0;
  /// Not started. Values are validated as the server does it.
  /// Lifetime: `host` outlives the broker. Errors: ConfigError, or what the broker's constructor throws.
  [[nodiscard]] virtual std::unique_ptr<Broker> make(Host& host, const Values& values) const = 0;
};

/// `values` against the option table: complete, in plugin.h's form. Errors: ConfigError.
[[nodiscard]] Settings validated(const std::string& section, std::span<const Option> options, const Values& values);

/// A broker whose class is linked into this program.
template <class Type>
class DirectSubject final : public Subject {
 public:
  DirectSubject(std::string name, std::span<const Option> options) : name_(std::move(name)), options_(options) {}

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::string version() const override { return "linked in"; }
  [[nodiscard]] std::unique_ptr<Broker> make(Host&, const Values& values) const override {
    return std::make_unique<Type>(validated(name_, options_, values));
  }

 private:
  std::string name_;
  std::span<const Option> options_;
};

/// A shared library behind the C ABI.
class PluginSubject final : public Subject {
 public:
  /// A path, or a name that is looked for as the server does it. Errors: ConfigError.
  explicit PluginSubject(const std::string& name_or_path);

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] std::string version() const override;
  /// Errors: ConfigError if the values don't fit the plugin's table.
  void check(const Values& values) const;
  [[nodiscard]] std::unique_ptr<Broker> make(Host& host, const Values& values) const override;

 private:
  PluginLibrary library_;
};

}  // namespace signalbox::conformance

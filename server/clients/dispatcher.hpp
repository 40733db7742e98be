// From the broker's threads to the shards: what arrives is framed once and handed over in one batch a shard.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/delivery/broker_host.hpp"
#include "core/users/user_registry.hpp"

namespace signalbox {

class Shard;

/// Threading: any thread; never blocks.
class Dispatcher final : public DeliverySink, public RegistrationObserver {
 public:
  /// Before the broker starts. Lifetime: the shards outlive the broker's stop().
  void attach(std::vector<Shard*> shards) { shards_ = std::move(shards); }

  void hand_over(std::span<const RoutedMessage> batch) override;
  void gap(ShardSet shards, std::string_view user_key, std::string_view reason) override;
  void disconnect(ShardSet shards, std::string_view user_key) override;
  void on_standing(ShardSet shards, std::string_view user_key, Standing standing, const Status& status) override;

 private:
  template <class Make>
  void notify(ShardSet shards, Make make);

  std::vector<Shard*> shards_;
};

}  // namespace signalbox

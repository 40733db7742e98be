// The masters of a Redis Cluster, followed wherever its slots go.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "brokers/redis/cluster_map.hpp"
#include "brokers/redis/cluster_protocol.hpp"
#include "brokers/redis/connection.hpp"
#include "brokers/redis/hash_tags.hpp"
#include "brokers/redis/options.hpp"
#include "brokers/redis/topology.hpp"

namespace signalbox::redis {

/// While all is well nobody has to ask: a slot that moves is told by the server, to its subscribers by sunsubscribe and to its
/// publishers by MOVED. Only a master that is cut off from the others, and not from us, tells nothing: now and then there is a
/// doubt without a reason. From a doubt until a little after it, connections to all nodes that are known ask each of them: one
/// that is away, or behind the times, delays nothing.
class Cluster final : public Topology {
 public:
  /// How often a node is asked while there is doubt: at first, for the minute in which a replica is elected, and when it is
  /// old.
  static constexpr Duration kInterval{100};
  static constexpr Duration kYoungInterval{250};
  static constexpr Duration kOldInterval{5000};
  /// How long those that have not answered are waited for before there is any master to follow, or one that knows better is
  /// given up for many that do not: one alone may be behind the times.
  static constexpr Duration kHearing{500};
  /// From one doubt without a reason to the next.
  static constexpr Duration kRound{30'000};
  /// How long there is asking after the last doubt.
  static constexpr Duration kLinger{2000};
  static constexpr std::size_t kMostScouts = 64;

  /// prefix: of all channels.
  Cluster(const Options& options, ConnectionContext& context, std::string_view instance_id, const std::string& prefix);

  [[nodiscard]] const std::vector<Endpoint>& nodes() const noexcept override { return owners_.nodes; }
  [[nodiscard]] std::size_t groups() const noexcept override { return HashTags::kGroups; }
  [[nodiscard]] std::size_t group(std::string_view name) const noexcept override { return HashTags::group(name); }
  [[nodiscard]] std::size_t owner(std::size_t group) const noexcept override { return owners_.owner[group]; }
  [[nodiscard]] bool whole() const noexcept override;
  [[nodiscard]] const HashTags* tags() const noexcept override { return &tags_; }

  bool turn(Time now, Doubt doubt) override;
  [[nodiscard]] bool at_rest() const noexcept override { return !asking_since_; }
  void append_trouble(Trouble& trouble) const override;
  void close() override;

 private:
  struct Scout {
    Scout(const Options& options, ConnectionContext& context, const Endpoint& endpoint, std::string_view instance_id);

    /// What it is asked now, or has failed to.
    [[nodiscard]] bool has_answered() const { return protocol.has_answered() || connection.fault(); }
    /// Anything, or has failed to.
    [[nodiscard]] bool has_said() const { return protocol.map() || connection.fault(); }

    Server server;
    ClusterProtocol protocol;
    Connection connection;
  };

  /// What a decision rests on.
  struct Voices {
    std::size_t asked = 0;
    std::size_t said = 0;
    unsigned times = 0;  // a map was said
    bool heard = false;  // all of them, or those that have not answered were waited for

    friend bool operator==(const Voices&, const Voices&) = default;
  };

  void ask(Time now, Doubt doubt);
  void ask_anew(Time now);
  void turn_scouts(Time now);
  void send_scouts();
  [[nodiscard]] bool is_known(const Endpoint& endpoint) const;
  bool take_names(const std::vector<const ClusterMap*>& said);
  void send_scout(const Endpoint& endpoint);
  [[nodiscard]] Voices hear(Time now);
  bool decide(Voices voices, Time now);

  const Options& options_;
  ConnectionContext& context_;
  std::string instance_id_;
  HashTags tags_;
  bool wrong_prefix_;
  std::vector<std::unique_ptr<Scout>> scouts_;
  std::optional<Time> asking_since_;  // of a fresh doubt, since that
  Time hearing_at_;                   // when the last one began
  bool heard_ = true;
  bool fresh_ = false;  // a doubt that nobody has been asked about yet
  Time doubted_at_;
  Voices voices_;  // of the last decision
  GroupOwners owners_;
  std::vector<Endpoint> named_;  // by those nodes that are believed, masters and replicas
};

}  // namespace signalbox::redis

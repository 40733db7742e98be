// One master that holds everything, and sentinels that know which server that is.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "brokers/redis/connection.hpp"
#include "brokers/redis/options.hpp"
#include "brokers/redis/sentinel_protocol.hpp"
#include "brokers/redis/topology.hpp"

namespace signalbox::redis {

/// A connection to each of them, so that one that is away delays nothing. Where none answers, the last master stays the master.
class Sentinels final : public Topology {
 public:
  Sentinels(const Options& options, ConnectionContext& context, std::string_view instance_id);

  [[nodiscard]] const std::vector<Endpoint>& nodes() const noexcept override { return nodes_; }
  [[nodiscard]] std::size_t groups() const noexcept override { return 1; }
  [[nodiscard]] std::size_t group(std::string_view) const noexcept override { return 0; }
  [[nodiscard]] std::size_t owner(std::size_t) const noexcept override { return 0; }

  bool turn(Time now, Doubt doubt) override;
  [[nodiscard]] bool at_rest() const noexcept override;
  void append_trouble(Trouble& trouble) const override;
  [[nodiscard]] std::string warning() const override;
  void close() override;

  using Master = SentinelProtocol::Master;
  /// The master to follow from now on. Where sentinels disagree, the highest configuration epoch is right: that is how they
  /// settle it among themselves. A lower one, of a sentinel that was cut off, counts for nothing, unless most of all sentinels
  /// say it and none any more what is followed: they have been set up anew. Nothing: none has said.
  [[nodiscard]] static std::optional<Master> next(const std::optional<Master>& followed,
                                                  const std::vector<std::optional<Master>>& said);

 private:
  struct Sentinel {
    Sentinel(const Options& options, ConnectionContext& context, const Endpoint& endpoint, std::string_view instance_id);

    Server server;
    SentinelProtocol protocol;
    Connection connection;
  };

  std::vector<std::unique_ptr<Sentinel>> sentinels_;
  std::string master_name_;
  std::optional<Master> followed_;
  std::vector<Endpoint> nodes_;  // the endpoint of that
};

}  // namespace signalbox::redis

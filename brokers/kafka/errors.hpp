// What the error codes of librdkafka and of Kafka's brokers mean: the one mapping table.
#pragma once

#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

#include "signalbox/errc.hpp"

namespace signalbox::kafka {

/// Why the cluster can't be used.
enum class FaultKind {
  passing,    ///< librdkafka deals with it, or it concerns one record only
  lost,       ///< no broker can be reached: librdkafka reconnects
  auth,       ///< clients are made anew, slowly, until someone corrects it
  config,     ///< as auth
  missing,    ///< as config, of a topic that is not there: what was read of it is void
  broken,     ///< the client itself is of no use any more: a new one is made
  truncated,  ///< as broken, and the log no longer holds what we were to read next
};

/// Nothing but an operator's hand mends it.
constexpr bool is_for_operator(FaultKind kind) noexcept {
  return kind == FaultKind::auth || kind == FaultKind::config || kind == FaultKind::missing;
}

struct Fault {
  FaultKind kind = FaultKind::lost;
  std::string text;
};

struct ErrorMeaning {
  errc code;  ///< for the publish whose record got it; librdkafka says beside it whether the record may have been stored
  FaultKind kind;
};

[[nodiscard]] ErrorMeaning meaning_of(rd_kafka_resp_err_t error) noexcept;

/// librdkafka's words, or those of the code where it has none, as one line. They hold addresses, and no secret.
[[nodiscard]] std::string words(rd_kafka_resp_err_t error, std::string_view text = {});

}  // namespace signalbox::kafka

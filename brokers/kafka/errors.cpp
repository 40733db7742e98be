#include "brokers/kafka/errors.hpp"

#include <algorithm>
#include <array>

namespace signalbox::kafka {
namespace {

struct Row {
  rd_kafka_resp_err_t error;
  ErrorMeaning meaning;
};

constexpr std::array kRows{
    Row{RD_KAFKA_RESP_ERR__TRANSPORT, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, {errc::unavailable, FaultKind::lost}},
    Row{RD_KAFKA_RESP_ERR__RESOLVE, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR__TIMED_OUT, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR__PURGE_QUEUE, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR__DESTROY, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR__QUEUE_FULL, {errc::overloaded, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, {errc::unavailable, FaultKind::missing}},
    Row{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, {errc::unavailable, FaultKind::missing}},
    Row{RD_KAFKA_RESP_ERR__AUTHENTICATION, {errc::unavailable, FaultKind::auth}},
    Row{RD_KAFKA_RESP_ERR__SSL, {errc::unavailable, FaultKind::auth}},
    Row{RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, {errc::unavailable, FaultKind::auth}},
    Row{RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, {errc::unavailable, FaultKind::auth}},
    Row{RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, {errc::unavailable, FaultKind::auth}},
    // Of a topic or the cluster, never of one channel: nobody is told `rejected`.
    Row{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, {errc::unavailable, FaultKind::auth}},
    Row{RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, {errc::unavailable, FaultKind::auth}},
    Row{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, {errc::too_large, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, {errc::too_large, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, {errc::too_large, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, {errc::unavailable, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, {errc::overloaded, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR_POLICY_VIOLATION, {errc::unavailable, FaultKind::config}},
    Row{RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, {errc::unavailable, FaultKind::config}},
    Row{RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, {errc::unavailable, FaultKind::config}},
    Row{RD_KAFKA_RESP_ERR_INVALID_CONFIG, {errc::unavailable, FaultKind::config}},
    Row{RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, {errc::unavailable, FaultKind::config}},
    Row{RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, {errc::unavailable, FaultKind::config}},
    Row{RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, {errc::unavailable, FaultKind::config}},
    Row{RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, {errc::unavailable, FaultKind::config}},
    Row{RD_KAFKA_RESP_ERR_INVALID_RECORD, {errc::internal, FaultKind::passing}},
    // The log no longer holds what we were to read next.
    Row{RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, {errc::unavailable, FaultKind::truncated}},
    Row{RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, {errc::unavailable, FaultKind::truncated}},
    Row{RD_KAFKA_RESP_ERR__FATAL, {errc::internal, FaultKind::broken}},
    Row{RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, {errc::internal, FaultKind::passing}},
    Row{RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, {errc::internal, FaultKind::broken}},
};

}  // namespace

ErrorMeaning meaning_of(rd_kafka_resp_err_t error) noexcept {
  const auto row = std::find_if(kRows.begin(), kRows.end(), [error](const Row& one) { return one.error == error; });
  return row == kRows.end() ? ErrorMeaning{errc::internal, FaultKind::passing} : row->meaning;
}

std::string words(rd_kafka_resp_err_t error, std::string_view text) {
  std::string line(text.empty() ? rd_kafka_err2str(error) : text);
  std::replace_if(line.begin(), line.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return line;
}

}  // namespace signalbox::kafka

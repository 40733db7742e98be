// Classic pub/sub, and the sharded one of a cluster: the same conversation in other words.
#pragma once

#include <string_view>

namespace signalbox::redis {

struct Dialect {
  // Commands.
  std::string_view subscribe;
  std::string_view unsubscribe;
  std::string_view publish;
  std::string_view count;  ///< of PUBSUB
  // What a subscriber is told.
  std::string_view subscribed;
  std::string_view unsubscribed;
  std::string_view message;
};

inline constexpr Dialect kClassic{"SUBSCRIBE", "UNSUBSCRIBE", "PUBLISH", "NUMSUB", "subscribe", "unsubscribe", "message"};
inline constexpr Dialect kSharded{"SSUBSCRIBE", "SUNSUBSCRIBE", "SPUBLISH", "SHARDNUMSUB",
                                  "ssubscribe", "sunsubscribe", "smessage"};

}  // namespace signalbox::redis

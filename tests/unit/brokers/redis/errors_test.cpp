#include "brokers/redis/errors.hpp"

#include <ostream>

#include <gtest/gtest.h>

namespace signalbox::redis {
namespace {

struct Case {
  const char* error;  // as Redis 7.0 words it
  errc code;
  FaultKind kind;
};

void PrintTo(const Case& row, std::ostream* out) { *out << row.error; }

class ErrorMapping : public ::testing::TestWithParam<Case> {};

TEST_P(ErrorMapping, GivesEachErrorItsMeaning) {
  const ErrorMeaning meaning = meaning_of(GetParam().error);
  EXPECT_EQ(meaning.code, GetParam().code);
  EXPECT_EQ(meaning.kind, GetParam().kind);
  EXPECT_EQ(fault_of(GetParam().error).text, GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ErrorMapping,
    ::testing::Values(Case{"NOAUTH Authentication required.", errc::unavailable, FaultKind::auth},
                      Case{"WRONGPASS invalid username-password pair or user is disabled.", errc::unavailable, FaultKind::auth},
                      Case{"ERR invalid password", errc::unavailable, FaultKind::auth},
                      Case{"ERR AUTH <password> called without any password configured for the default user.",
                           errc::unavailable, FaultKind::auth},
                      Case{"ERR Client sent AUTH, but no password is set", errc::unavailable, FaultKind::auth},
                      Case{"NOPERM this user has no permissions to access one of the channels used as arguments",
                           errc::rejected, FaultKind::config},
                      Case{"DENIED Redis is running in protected mode", errc::unavailable, FaultKind::config},
                      Case{"MOVED 3999 127.0.0.1:6381", errc::unavailable, FaultKind::config},
                      Case{"READONLY You can't write against a read only replica.", errc::unavailable, FaultKind::config},
                      Case{"ERR DB index is out of range", errc::invalid_argument, FaultKind::config},
                      Case{"ERR SELECT is not allowed in cluster mode", errc::invalid_argument, FaultKind::config},
                      Case{"ERR invalid DB index", errc::invalid_argument, FaultKind::config},
                      Case{"ERR wrong number of arguments for 'auth' command", errc::unavailable, FaultKind::auth},
                      Case{"ERR unknown command 'PUBLISH'", errc::unsupported, FaultKind::config},
                      Case{"ERR max number of clients reached", errc::unavailable, FaultKind::lost},
                      Case{"LOADING Redis is loading the dataset in memory", errc::unavailable, FaultKind::lost},
                      Case{"MASTERDOWN Link with MASTER is down", errc::unavailable, FaultKind::lost},
                      Case{"CLUSTERDOWN The cluster is down", errc::unavailable, FaultKind::lost},
                      Case{"BUSY Redis is busy running a script.", errc::unavailable, FaultKind::lost},
                      Case{"OOM command not allowed when used memory > 'maxmemory'.", errc::overloaded, FaultKind::lost},
                      Case{"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
                           errc::unavailable, FaultKind::lost},
                      Case{"NOREPLICAS Not enough good replicas to write.", errc::unavailable, FaultKind::lost},
                      Case{"TRYAGAIN Multiple keys request during rehashing of slot", errc::unavailable, FaultKind::lost},
                      Case{"ASK 3999 127.0.0.1:6381", errc::unavailable, FaultKind::config},
                      Case{"CROSSSLOT Keys in request don't hash to the same slot", errc::unavailable, FaultKind::config},
                      Case{"ERR Unknown subcommand or wrong number of arguments for 'SETNAME'", errc::unsupported,
                           FaultKind::config},
                      Case{"ERR Protocol error: invalid bulk length", errc::internal, FaultKind::lost},
                      Case{"ERR max number of clients + cluster connections reached", errc::unavailable, FaultKind::lost},
                      Case{"ERR something new", errc::internal, FaultKind::lost}));

TEST(Redaction, CutsTheArgumentsThatRedisEchoes) {
  EXPECT_EQ(fault_of("ERR unknown command 'AUTH', with args beginning with: 'hunter2' ").text, "ERR unknown command 'AUTH'");
}

TEST(Redaction, CutsTheAdviceOnProtectedMode) {
  EXPECT_EQ(fault_of("DENIED Redis is running in protected mode because. In this mode. You may.").text,
            "DENIED Redis is running in protected mode because");
}

TEST(ErrorWords, StandForAnErrorWithoutAny) {
  EXPECT_EQ(fault_of("").text, "an error without a word");
  EXPECT_EQ(fault_of("").kind, FaultKind::lost);
}

TEST(AccessControl, TellsCommandsFromChannels) {
  for (const char* command : {"NOPERM this user has no permissions to run the 'pubsub|numsub' command",  // Redis 7.0
                              "NOPERM User ws has no permissions to run the 'publish' command",          // 7.2
                              "NOPERM this user has no permissions to run the 'ping' command or its subcommand"}) {  // 6
    EXPECT_TRUE(is_command_refused(command));
    EXPECT_FALSE(is_channel_refused(command));
  }
  for (const char* channel : {"NOPERM this user has no permissions to access one of the channels used as arguments",
                              "NOPERM No permissions to access a channel"}) {
    EXPECT_FALSE(is_command_refused(channel));
    EXPECT_TRUE(is_channel_refused(channel));
  }
  EXPECT_FALSE(is_command_refused("NOAUTH Authentication required.") || is_channel_refused("NOAUTH Authentication required."));
}

TEST(PassingTrouble, IsWhatAServerHasThatLoadsOrRunsAScript) {
  EXPECT_TRUE(is_passing("LOADING Redis is loading the dataset in memory"));
  EXPECT_TRUE(is_passing("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."));
  EXPECT_FALSE(is_passing("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."));
}

TEST(Errors, KnowWhatANodeSaysThatDoesNotServeTheSlot) {
  for (const char* error :
       {"MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381", "TRYAGAIN Multiple keys request", "CLUSTERDOWN"}) {
    EXPECT_TRUE(is_elsewhere(error)) << error;
  }
  for (const char* error : {"MOVEDON", "CROSSSLOT Keys in request don't hash to the same slot", "ASKING", "NOPERM", ""}) {
    EXPECT_FALSE(is_elsewhere(error)) << error;
  }
}

}  // namespace
}  // namespace signalbox::redis

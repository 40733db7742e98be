#include "server/api/keys.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::api {
namespace {

TEST(Keys, AreKnownWholeAndAfterBearer) {
  const std::vector<std::string> digests = key_digests({"first", "second key"});
  for (const char* good : {"Bearer first", "bearer first", "BEARER first", "Bearer second key"}) {
    EXPECT_TRUE(is_known_key(good, digests)) << good;
  }
  for (const char* bad : {"", "Bearer", "Bearer ", "first", "Bearer firs", "Bearer first ", "Bearer  first", "Bearer First",
                          "Bearer first,second key", "Basic first", "Bearerfirst", "Token first", "Bearer\tfirst"}) {
    EXPECT_FALSE(is_known_key(bad, digests)) << bad;
  }
}

TEST(Keys, AreNotKnownWhereThereAreNone) { EXPECT_FALSE(is_known_key("Bearer first", {})); }

TEST(Keys, AreKeptAsDigestsOnly) {
  for (const std::string& digest : key_digests({"first", std::string(1000, 'x')})) {
    EXPECT_EQ(digest.size(), 32u);
    EXPECT_EQ(digest.find("first"), std::string::npos);
  }
}

}  // namespace
}  // namespace signalbox::api

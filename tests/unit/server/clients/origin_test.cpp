#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/clients/upgrade.hpp"

namespace signalbox {
namespace {

const std::vector<std::string> kRules{"https://example.com", "*.example.org", "http://localhost:3000"};

TEST(Origin, IsAnyWhereNoneIsNamed) {
  EXPECT_TRUE(origin_allowed("https://evil.test", {}));
  EXPECT_TRUE(origin_allowed("null", {}));
}

TEST(Origin, IsAllowedExactlyOrBelowADomain) {
  for (const char* good : {"https://example.com", "HTTPS://Example.COM", "http://localhost:3000", "https://a.example.org",
                           "https://a.b.example.org", "http://A.EXAMPLE.org:8080"}) {
    EXPECT_TRUE(origin_allowed(good, kRules)) << good;
  }
}

TEST(Origin, IsRefusedIfItOnlyLooksLikeAnAllowedOne) {
  for (const char* bad : {
           "",
           "null",
           "example.com",
           "http://example.com",
           "https://example.com:8443",
           "https://example.com.evil.test",
           "https://evilexample.com",
           "https://example.org",
           "https://.example.org",
           "https://evilexample.org",
           "https://a.example.org.evil.test",
           "https://evil.test:.example.org",
           "https://evil.test/.example.org",
           "https://evil.test?.example.org",
           "https://evil.test#.example.org",
           "https://evil.test\\.example.org",
           "https://evil.test/a.example.org",
           "https://a.example.org@evil.test",
           "https://evil.test/?x=a.example.org",
           "http://localhost",
           "http://localhost:30001",
           "a.example.org",
           "*.example.org",
           "https://example.com/",
       }) {
    EXPECT_FALSE(origin_allowed(bad, kRules)) << bad;
  }
}

TEST(Origin, HasItsSchemesPortWhetherThatIsWrittenOrNot) {
  const std::vector<std::string> rules{"https://a.example:443", "http://b.example:80", "https://c.example", "http://[::1]:80"};
  for (const char* good : {"https://a.example", "https://a.example:443", "http://b.example", "HTTP://B.example:80",
                           "https://c.example:443", "http://[::1]"}) {
    EXPECT_TRUE(origin_allowed(good, rules)) << good;
  }
  for (const char* bad :
       {"http://a.example", "http://a.example:443", "https://a.example:80", "https://b.example", "https://c.example:8443",
        "https://c.example:80", "https://a.example:443:443", ":443", "https://:443"}) {
    EXPECT_FALSE(origin_allowed(bad, rules)) << bad;
  }
}

TEST(Origin, NullIsAllowedIfItIsNamed) { EXPECT_TRUE(origin_allowed("null", {"null"})); }

}  // namespace
}  // namespace signalbox

#include "server/api/foreign_page.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::api {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

bool refused(Fields fields, HostNames names = HostNames::local) {
  http::RequestHead head;
  head.fields = std::move(fields);
  return why_foreign(head, names) != nullptr;
}

TEST(ForeignPage, IsNotWhoeverCallsByAnAddressOrALocalName) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:8766", "10.0.0.7:80", "[::1]", "[::1]:8766", "[fe80::1]:1", "localhost",
                           "LocalHost:8766", "signalbox:8766", ""}) {
    EXPECT_FALSE(refused({{"Host", host}})) << host;
  }
  EXPECT_FALSE(refused({})) << "HTTP/1.0 needs no Host, and no browser speaks it";
}

TEST(ForeignPage, IsWhoeverCallsByANameThatMayBeBought) {
  for (const char* host : {"evil.test", "evil.test:8766", "127.0.0.1.evil.test", "127.0.0.1.", "localhost.",
                           "localhost.evil.test:8766", "1.2.3", "[::1].evil.test]", "[evil.test]:80", "["}) {
    EXPECT_TRUE(refused({{"Host", host}})) << host;
  }
  EXPECT_FALSE(refused({{"Host", "box.example.com"}}, HostNames::any));
}

TEST(ForeignPage, IsToldWhatItsOperatorCanDo) {
  http::RequestHead head;
  head.fields = {{"Host", "box.example.com"}};
  const std::string why = why_foreign(head, HostNames::local);
  for (const char* remedy : {"an address", "localhost", "api.keys", "api.insecure: true"}) {
    EXPECT_NE(why.find(remedy), std::string::npos) << remedy << ": " << why;
  }
}

TEST(ForeignPage, IsAnOriginThatIsNotTheHost) {
  const char* host = "localhost:8766";
  for (const char* origin :
       {"https://evil.test", "null", "", "http://localhost", "http://localhost:87660", "http://localhost:876", "localhost:8766",
        "ftp://localhost:8766", "http://localhost:8766.evil.test", "http://127.0.0.1:8766"}) {
    EXPECT_TRUE(refused({{"Host", host}, {"Origin", origin}})) << origin;
    EXPECT_TRUE(refused({{"Host", host}, {"Origin", origin}}, HostNames::any)) << origin;
  }
  for (const char* origin : {"http://localhost:8766", "HTTP://LOCALHOST:8766", "https://localhost:8766"}) {
    EXPECT_FALSE(refused({{"Host", host}, {"Origin", origin}})) << origin;
  }
  EXPECT_TRUE(refused({{"Host", host}, {"Origin", "http://localhost:8766"}, {"origin", "https://evil.test"}})) << "the second";
}

TEST(ForeignPage, IsWhatTheBrowserSaysIsOne) {
  for (const char* site : {"cross-site", "same-site", ""}) {
    EXPECT_TRUE(refused({{"Host", "localhost"}, {"Sec-Fetch-Site", site}})) << site;
  }
  for (const char* site : {"same-origin", "none"}) {
    EXPECT_FALSE(refused({{"Host", "localhost"}, {"Sec-Fetch-Site", site}})) << site;
  }
}

}  // namespace
}  // namespace signalbox::api

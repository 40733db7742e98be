#include "server/api/router.hpp"

#include <string>

#include <gtest/gtest.h>

namespace signalbox::api {
namespace {

struct Case {
  const char* method;
  const char* target;
  Call call;
  const char* user = "";
};

Route route_of(const Case& one) {
  http::RequestHead head;
  head.method = one.method;
  head.target = one.target;
  return route(head);
}

constexpr Case kCases[] = {
    {"POST", "/api/v1/users/alice/messages", Call::publish, "alice"},
    {"POST", "/api/v1/users/al%2Fice%20/messages?x=/", Call::publish, "al%2Fice%20"},
    {"POST", "/api/v1/users/messages/messages", Call::publish, "messages"},
    {"POST", "/api/v1/users//messages", Call::publish, ""},
    {"GET", "/api/v1/users/alice/messages", Call::not_allowed, "alice"},
    {"POST", "/api/v1/messages", Call::bulk},
    {"POST", "/api/v1/messages?x", Call::bulk},
    {"GET", "/api/v1/messages", Call::not_allowed},
    {"GET", "/api/v1/users/alice", Call::exists, "alice"},
    {"HEAD", "/api/v1/users/alice", Call::exists, "alice"},
    {"GET", "/api/v1/users/messages", Call::exists, "messages"},
    {"GET", "/api/v1/users/", Call::exists, ""},
    {"POST", "/api/v1/users/alice", Call::not_allowed, "alice"},
    {"get", "/api/v1/users/alice", Call::not_allowed, "alice"},
    {"DELETE", "/api/v1/users/alice", Call::not_allowed, "alice"},
    {"DELETE", "/api/v1/users/alice/connections", Call::disconnect, "alice"},
    {"POST", "/api/v1/users/alice/connections", Call::not_allowed, "alice"},
    {"GET", "/api/v1/instance", Call::instance},
    {"HEAD", "/api/v1/instance", Call::instance},
    {"GET", "/healthz", Call::healthz},
    {"HEAD", "/readyz", Call::readyz},
    {"GET", "/metrics", Call::metrics},
    {"POST", "/metrics", Call::not_allowed},
    {"GET", "/api/v1/users/alice/", Call::not_found},
    {"POST", "/api/v1/users/alice/messages/", Call::not_found},
    {"POST", "/api/v1/users/a/b/messages", Call::not_found},
    {"POST", "/api/v1/users/messages", Call::not_allowed, "messages"},
    {"GET", "/api/v1/users", Call::not_found},
    {"GET", "/api/v2/instance", Call::not_found},
    {"GET", "/API/v1/instance", Call::not_found},
    {"GET", "/api/v1/instance/", Call::not_found},
    {"GET", "//api/v1/instance", Call::not_found},
    {"GET", "/healthz/", Call::not_found},
};

TEST(Router, FindsTheCallAndItsUser) {
  for (const Case& one : kCases) {
    const Route found = route_of(one);
    EXPECT_EQ(found.call, one.call) << one.method << " " << one.target;
    if (one.call == Call::not_found) continue;
    EXPECT_EQ(found.user, one.user) << one.method << " " << one.target;
  }
}

TEST(Router, NamesTheMethodsThatAPathKnows) {
  EXPECT_EQ(route_of({"PUT", "/api/v1/users/alice", Call::not_allowed}).allowed, "GET, HEAD");
  EXPECT_EQ(route_of({"GET", "/api/v1/messages", Call::not_allowed}).allowed, "POST");
}

TEST(Router, AsksForAKeyWhereverTheApiIs) {
  for (const char* target : {"/api", "/api/", "/api/v1/instance", "/api/v1/users/alice", "/api/none", "/api?x=1"}) {
    EXPECT_TRUE(route_of({"GET", target, Call::not_found}).needs_key) << target;
  }
  for (const char* target : {"/", "/healthz", "/readyz", "/metrics", "/apix", "/x/api/"}) {
    EXPECT_FALSE(route_of({"GET", target, Call::not_found}).needs_key) << target;
  }
}

/// Whatever a path is taken for, what needs a key must say so: there is no way around by another spelling.
TEST(Router, ReachesNoCallOfTheApiWithoutAKey) {
  for (const Case& one : kCases) {
    const Route found = route_of(one);
    const bool open = found.call == Call::healthz || found.call == Call::readyz || found.call == Call::metrics ||
                      found.call == Call::not_found || found.call == Call::not_allowed;
    EXPECT_TRUE(found.needs_key || open) << one.method << " " << one.target;
  }
}

}  // namespace
}  // namespace signalbox::api

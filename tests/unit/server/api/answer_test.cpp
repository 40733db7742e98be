#include "server/api/answer.hpp"

#include <string>

#include <gtest/gtest.h>

#include "server/api/calls.hpp"

namespace signalbox::api {
namespace {

TEST(Answer, HasTheStatusOfItsError) {
  const std::pair<errc, unsigned> table[] = {
      {errc::unavailable, 503},      {errc::closed, 503},     {errc::overloaded, 429},  {errc::unknown_outcome, 504},
      {errc::too_large, 413},        {errc::rejected, 403},   {errc::unsupported, 501}, {errc::internal, 500},
      {errc::invalid_argument, 400}, {errc::superseded, 500},
  };
  for (const auto& [code, status] : table) {
    const Answer answer = error_answer(code, "why");
    EXPECT_EQ(answer.status, status) << word(code);
    EXPECT_EQ(answer.body, std::string(R"({"error":{"code":")") + word(code) + R"(","message":"why"}})" + "\n");
    EXPECT_EQ(answer.content_type, kJson);
    EXPECT_EQ(answer.headers.find("Retry-After: ") != std::string::npos, status == 503 || status == 429) << word(code);
  }
}

TEST(Answer, HasTheBrokersOwnWordsOrElseTheCode) {
  EXPECT_EQ(error_answer(Status{errc::rejected, "NOPERM \"x\""}).body,
            "{\"error\":{\"code\":\"rejected\",\"message\":\"NOPERM \\\"x\\\"\"}}\n");
  EXPECT_EQ(error_answer(Status{errc::rejected, ""}).body, "{\"error\":{\"code\":\"rejected\",\"message\":\"rejected\"}}\n");
}

TEST(Answer, OfHttpItselfHasACodeToo) {
  const std::pair<unsigned, const char*> table[] = {
      {400, "invalid_argument"}, {401, "unauthorized"},   {404, "not_found"},   {405, "method_not_allowed"}, {408, "timeout"},
      {411, "length_required"},  {431, "head_too_large"}, {501, "unsupported"}, {505, "unsupported"},
  };
  for (const auto& [status, code] : table) {
    const Answer answer = http_error(status, "why");
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.body, std::string(R"({"error":{"code":")") + code + R"(","message":"why"}})" + "\n");
  }
  EXPECT_EQ(http_error(401, "").headers, "WWW-Authenticate: Bearer\r\n");
}

TEST(Answer, IsFramedByItsLength) {
  std::string out = "before";
  append_answer(out, {200, "{}\n", kJson, {}}, {});
  EXPECT_EQ(out, "beforeHTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{}\n");
}

TEST(Answer, SaysWhenItIsTheLastOne) {
  std::string out;
  append_answer(out, {503, "x", kPlain, "Retry-After: 1\r\n"}, {false, false});
  EXPECT_EQ(out,
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 1\r\n"
            "Retry-After: 1\r\nConnection: close\r\n\r\nx");
}

TEST(Answer, ToAHeadHasTheLengthOfTheBodyThatItLacks) {
  std::string out;
  append_answer(out, {404, "12345", kPlain, {}}, {true, true});
  EXPECT_TRUE(out.ends_with("Content-Length: 5\r\n\r\n")) << out;
}

TEST(Answer, CountsReceiversAsFarAsTheyAreKnown) {
  EXPECT_EQ(receivers_members({3, Precision::exact}, true), R"("receivers":3,"precision":"exact")");
  EXPECT_EQ(receivers_members({1, Precision::at_least}, true), R"("receivers":1,"precision":"at_least")");
  EXPECT_EQ(receivers_members({2, Precision::estimate}, true), R"("receivers":2,"precision":"estimate")");
  EXPECT_EQ(receivers_members({7, Precision::unknown}, true), R"("receivers":null,"precision":"unknown")");
  EXPECT_EQ(receivers_members({7, Precision::unknown}, false), R"("receivers":null)");
}

TEST(UserOfPath, IsDecodedAndCheckedLikeAnyName) {
  Config config;
  EXPECT_EQ(user_of_path("Al%2Fi+ce", config).key, "al/i+ce") << "a plus is a plus in paths";
  EXPECT_NE(user_of_path("", config).error, nullptr);
  EXPECT_NE(user_of_path("%zz", config).error, nullptr);
  EXPECT_NE(user_of_path("a%00b", config).error, nullptr);
  EXPECT_NE(user_of_path("%ff", config).error, nullptr);
  config.users.case_sensitive = true;
  EXPECT_EQ(user_of_path("Alice", config).key, "Alice");
}

}  // namespace
}  // namespace signalbox::api

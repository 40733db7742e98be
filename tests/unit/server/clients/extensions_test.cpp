#include "server/clients/extensions.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

constexpr const char* kAgreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

ExtensionAnswer answer(std::initializer_list<std::string_view> fields) {
  http::RequestHead head;
  for (const std::string_view field : fields) head.fields.emplace_back("Sec-WebSocket-Extensions", field);
  return answer_extensions(head);
}

struct Row {
  std::string_view offer;
  unsigned window_bits;  ///< 0: declined
  std::string_view more = {};
};

TEST(Extensions, AgreeOnPermessageDeflateWithoutContextTakeover) {
  const Row rows[] = {
      {"permessage-deflate", 15},
      {"  permessage-deflate\t", 15},
      {"permessage-deflate; client_max_window_bits", 15},
      {"permessage-deflate; client_max_window_bits=8", 15},
      {"permessage-deflate;client_max_window_bits=15", 15},
      {"permessage-deflate; server_no_context_takeover; client_no_context_takeover", 15},
      {"permessage-deflate; server_max_window_bits=8", 8, "; server_max_window_bits=8"},
      {"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", 12, "; server_max_window_bits=12"},
      {"permessage-deflate ; server_max_window_bits = \"15\"", 15, "; server_max_window_bits=15"},
      {"permessage-deflate; server_max_window_bits=\"\\1\\0\"", 10, "; server_max_window_bits=10"},
      {", , permessage-deflate ,", 15},
  };
  for (const Row& row : rows) {
    const ExtensionAnswer given = answer({row.offer});
    EXPECT_FALSE(given.malformed) << row.offer;
    EXPECT_EQ(given.window_bits, row.window_bits) << row.offer;
    EXPECT_EQ(given.value, std::string(kAgreed).append(row.more)) << row.offer;
  }
}

/// RFC 7692 section 7.1.
TEST(Extensions, DeclineWhatIsNotKnown) {
  for (const char* offer : {"",
                            ",",
                            "x-webkit-deflate-frame",
                            "permessage-bzip2; x=1",
                            "x; permessage-deflate",
                            "permessage-deflate; x",
                            "permessage-deflate; x=1",
                            "permessage-deflate; server_no_context_takeover=true",
                            "permessage-deflate; client_no_context_takeover=\"x\"",
                            "permessage-deflate; server_max_window_bits",
                            "permessage-deflate; server_max_window_bits=7",
                            "permessage-deflate; server_max_window_bits=16",
                            "permessage-deflate; server_max_window_bits=08",
                            "permessage-deflate; server_max_window_bits=10x",
                            "permessage-deflate; server_max_window_bits=-9",
                            "permessage-deflate; client_max_window_bits=7",
                            "permessage-deflate; client_max_window_bits=x",
                            "permessage-deflate; client_max_window_bits=4294967304",
                            "permessage-deflate; client_max_window_bits; client_max_window_bits",
                            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                            "permessage-deflate; server_max_window_bits=9; server_max_window_bits=10"}) {
    const ExtensionAnswer given = answer({offer});
    EXPECT_FALSE(given.malformed) << offer;
    EXPECT_EQ(given.window_bits, 0) << offer;
    EXPECT_EQ(given.value, "") << offer;
  }
  EXPECT_EQ(answer({}).window_bits, 0) << "no field at all";
}

TEST(Extensions, TakeTheFirstOfferThatCanBeTaken) {
  EXPECT_EQ(answer({"foo; bar=\"a\", permessage-deflate; unknown, permessage-deflate; server_max_window_bits=10, "
                    "permessage-deflate"})
                .window_bits,
            10);
  EXPECT_EQ(answer({"foo", "permessage-deflate; server_max_window_bits=99", "permessage-deflate; server_max_window_bits=9"})
                .window_bits,
            9)
      << "several fields are one list";
}

/// RFC 6455 section 9.1.
TEST(Extensions, FailTheHandshakeIfTheyAreMalformed) {
  for (const char* offer : {"permessage-deflate;", "permessage-deflate; ;", "permessage-deflate; =1",
                            "permessage-deflate; a=", "a b", "a=1", "permessage-deflate; a=\"b", "permessage-deflate; a=\"\"",
                            "permessage-deflate; a=\"b c\"", "permessage-deflate; a=\"b\"c", "permessage-deflate; a=\"b\\",
                            "permessage-deflate; a=b=c", "perm@ssage", "permessage-deflate, \"x\"", ";"}) {
    const ExtensionAnswer given = answer({offer});
    EXPECT_TRUE(given.malformed) << offer;
    EXPECT_EQ(given.window_bits, 0) << offer;
  }
  EXPECT_TRUE(answer({"permessage-deflate", "x;"}).malformed) << "also behind one that could be taken";
}

}  // namespace
}  // namespace signalbox

#include "core/config/secrets.hpp"

#include "core/config/value.hpp"
#include "loading.hpp"

namespace signalbox {
namespace {

using Secrets = LoadingTest;

std::string reason_of(const std::string& text) {
  try {
    static_cast<void>(resolve_secret(text, {}));
    return "";
  } catch (const BadValue& error) {
    return error.what();
  }
}

TEST_F(Secrets, StandForThemselves) { EXPECT_EQ(resolve_secret("s3cret", {}), "s3cret"); }

TEST_F(Secrets, ComeFromTheEnvironment) { EXPECT_EQ(resolve_secret("env:KEY", {{"KEYS", "no"}, {"KEY", "yes"}}), "yes"); }

TEST_F(Secrets, ComeFromAFileWithoutItsLastLineBreak) {
  EXPECT_EQ(resolve_secret("file:" + write("a", "one"), {}), "one");
  EXPECT_EQ(resolve_secret("file:" + write("b", "two\n"), {}), "two");
  EXPECT_EQ(resolve_secret("file:" + write("c", "three\r\n"), {}), "three");
  EXPECT_EQ(resolve_secret("file:" + write("d", "four\n\n"), {}), "four\n");
}

TEST_F(Secrets, SayWhatIsMissing) {
  EXPECT_EQ(reason_of("env:NOWHERE"), "the environment variable \"NOWHERE\" is not set");
  EXPECT_EQ(reason_of("file:/nowhere/key"), "can't read the file \"/nowhere/key\": No such file or directory");
  EXPECT_EQ(reason_of("file:/"), "can't read the file \"/\": Is a directory");
}

TEST_F(Secrets, EndlessFilesAreRefused) {
  EXPECT_EQ(reason_of("file:/dev/zero"), "can't read the file \"/dev/zero\": File too large");
}

TEST(MaskUrl, HidesPasswordsAndLoneNames) {
  EXPECT_EQ(mask_url("redis://localhost:6379/0"), "redis://localhost:6379/0");
  EXPECT_EQ(mask_url("redis://:p4ss@localhost:6379/0"), "redis://:***@localhost:6379/0");
  EXPECT_EQ(mask_url("rediss://alice:p4ss@host"), "rediss://alice:***@host");
  EXPECT_EQ(mask_url("nats://t0ken@host:4222"), "nats://***@host:4222");
  EXPECT_EQ(mask_url("alice:p4ss@host"), "alice:***@host");
}

TEST(MaskUrl, HidesAllOfAPasswordThatShouldHaveBeenEncoded) {
  EXPECT_EQ(mask_url("redis://a:p@s/s:w@rd@host/0"), "redis://a:***@host/0");
}

}  // namespace
}  // namespace signalbox

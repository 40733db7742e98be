#include "core/config/reference.hpp"

#include <gmock/gmock.h>

#include "core/config/options.hpp"
#include "loading.hpp"

namespace signalbox {
namespace {

using testing::HasSubstr;

TEST(Reference, NamesEveryKeyWithItsVariableAndMeaning) {
  const PluginTable plugins[] = {{"alpha", kAlphaOptions}, {"beta", kBetaOptions}, {"nothing", {}}};
  const std::string page = configuration_reference(plugins);
  for (const CoreOption& option : core_options()) {
    const std::string key = option.row.key;
    EXPECT_THAT(page, HasSubstr("| `" + key + "` | "));
    EXPECT_THAT(page, HasSubstr("| `" + environment_name(key) + "` |\n"));
    EXPECT_THAT(page, HasSubstr(option.row.meaning));
  }
  for (const Option& option : kAlphaOptions) EXPECT_THAT(page, HasSubstr("`broker.alpha." + std::string(option.key)));
}

TEST(Reference, SaysTypeDefaultAndRange) {
  const PluginTable plugins[] = {{"alpha", kAlphaOptions}, {"beta", kBetaOptions}, {"nothing", {}}};
  const std::string page = configuration_reference(plugins);
  EXPECT_THAT(page, HasSubstr("| `limits.message_bytes` | size | `64KiB` | 1B … 64MiB | "));
  EXPECT_THAT(page, HasSubstr("| `api.keys` | list of texts, secret | `[]` |  | "));
  EXPECT_THAT(page, HasSubstr("| `logging.level` | `debug`, `info`, `warning`, `error` | `info` |  | "));
  EXPECT_THAT(page, HasSubstr("| `broker.alpha.url` | text, URL | `alpha://localhost` |  | "));
  EXPECT_THAT(page, HasSubstr("| `broker.alpha.wait` | duration | `2s` | 10ms … 1m | "));
  EXPECT_THAT(page, HasSubstr("| `broker.alpha.properties.…` | text | none |  | "));
  EXPECT_THAT(page, HasSubstr("| `broker.beta.token` | text | must be set |  | "));
  EXPECT_THAT(page, HasSubstr("## broker.nothing\n\nNo options.\n"));
}

}  // namespace
}  // namespace signalbox

#include "core/plugins/plugin_library.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <unistd.h>

#include "core/fault.hpp"
#include "tests/support/temporary_directory.hpp"

namespace signalbox {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const std::string kSamples = SIGNALBOX_TEST_SAMPLES;

std::string sample(const std::string& name) { return kSamples + "/libsignalbox_" + name + ".so"; }

/// Why a plugin is refused, or empty.
std::string refusal(const std::string& name_or_path, const std::vector<std::string>& plugin_path = {}) {
  try {
    load_plugin(name_or_path, plugin_path);
    return "";
  } catch (const ConfigError& e) {
    return e.what();
  }
}

/// The refusal of a sample's file.
std::string refused(const std::string& name) { return refusal(sample(name)); }

std::string prefix(const std::string& name) { return "broker.plugin: " + sample(name) + ": "; }

std::string abi() { return std::to_string(SIGNALBOX_ABI_MAJOR); }

TEST(PluginLibrary, LoadsAGoodPluginByPath) {
  const PluginLibrary library = load_plugin(sample("good"), {});
  EXPECT_EQ(library.path, sample("good"));
  ASSERT_NE(library.descriptor, nullptr);
  EXPECT_STREQ(library.descriptor->name, "sample");
  EXPECT_STREQ(library.descriptor->version, "1.2.3");
  ASSERT_THAT(library.options, SizeIs(2));
  EXPECT_STREQ(library.options[0].key, "url");
  EXPECT_EQ(library.options[0].flags, static_cast<unsigned>(SIGNALBOX_OPTION_URL));
  EXPECT_STREQ(library.options[1].key, "patience");
  EXPECT_EQ(library.options[1].max, 9);
}

/// A good plugin in a folder of its own, whose rights are changed as given.
class PluginRights : public testing::Test {
 protected:
  PluginRights() { fs::copy_file(sample("good"), file); }

  const test::TemporaryDirectory folder;
  const fs::path file = folder.path() / "libsignalbox_good.so";
  static constexpr fs::perms kNobodyElse = fs::perms::owner_all;
  static constexpr fs::perms kOthersRead = kNobodyElse | fs::perms::group_read | fs::perms::others_read;
};

TEST_F(PluginRights, RefusesAFileThatOthersMayWrite) {
  fs::permissions(file, kOthersRead | fs::perms::others_write);
  EXPECT_EQ(refusal(file), "broker.plugin: " + file.string() + ": others may write to " + fs::canonical(file).string() +
                               " (mode 746, group " + std::to_string(::getegid()) +
                               "): chmod go-w it, or copy it to a folder of your own");
  fs::permissions(file, kOthersRead);
  EXPECT_EQ(refusal(file), "");
}

TEST_F(PluginRights, RefusesAFolderThatOthersMayWrite) {
  for (const fs::perms sticky : {fs::perms::none, fs::perms::sticky_bit}) {
    fs::permissions(folder.path(), fs::perms::all | sticky);
    EXPECT_THAT(refusal(file), AllOf(HasSubstr("others may replace it"), HasSubstr(folder.path().string()),
                                     HasSubstr("keep it in a folder that only its owner may write to")));
    EXPECT_THAT(refusal("good", {folder.path()}), HasSubstr("others may replace it"));
  }
  fs::permissions(folder.path(), kOthersRead);
  EXPECT_EQ(refusal(file), "");
}

TEST_F(PluginRights, FollowsALink) {
  const test::TemporaryDirectory elsewhere;
  const fs::path link = elsewhere.path() / "libsignalbox_good.so";
  fs::create_symlink(file, link);
  EXPECT_EQ(refusal(link), "");
  fs::permissions(elsewhere.path(), fs::perms::all);
  EXPECT_THAT(refusal(link), HasSubstr("others may replace it")) << "the link";
  fs::permissions(elsewhere.path(), kNobodyElse);
  fs::permissions(folder.path(), fs::perms::all);
  EXPECT_THAT(refusal(link), HasSubstr("others may replace it")) << "what it leads to";
  fs::permissions(folder.path(), kNobodyElse);
  fs::permissions(file, fs::perms::all);
  EXPECT_THAT(refusal(link), HasSubstr("others may write to"));
}

TEST_F(PluginRights, RefusesAGroupThatIsNeitherRootsNorOurs) {
  fs::permissions(file, kOthersRead | fs::perms::group_write);
  EXPECT_EQ(refusal(file), "") << "our own group";
  const gid_t foreign = ::getegid() + 4242;
  if (::chown(file.c_str(), static_cast<uid_t>(-1), foreign) != 0) GTEST_SKIP() << "only root may give a file to any group";
  EXPECT_THAT(refusal(file), HasSubstr("group " + std::to_string(foreign)));
  ASSERT_EQ(::chown(file.c_str(), foreign, foreign), 0);
  EXPECT_EQ(refusal(file), "") << "the owner's private group";
  fs::permissions(file, kOthersRead);
  EXPECT_EQ(refusal(file), "");
}

TEST_F(PluginRights, AreThoseOfAFolderOfOnesOwnBelowTmp) {
  // As a developer builds: the folder is below one that anybody may write to.
  const test::TemporaryDirectory anybodys;
  const fs::path own = anybodys.path() / "own";
  fs::create_directory(own);
  fs::permissions(own, kNobodyElse);
  fs::permissions(anybodys.path(), fs::perms::all | fs::perms::sticky_bit);
  fs::rename(file, own / file.filename());
  EXPECT_EQ(refusal(own / file.filename()), "");
}

TEST(PluginLibrary, NeedsNoOptions) {
  const PluginLibrary library = load_plugin(sample("no_option_at_all"), {});
  EXPECT_STREQ(library.descriptor->name, "sample");
  EXPECT_THAT(library.options, SizeIs(0));
}

TEST(PluginLibrary, StepsOverLongerOptionsOfALaterSdk) {
  const PluginLibrary library = load_plugin(sample("long_options"), {});
  ASSERT_GT(library.descriptor->option_size, sizeof(Option));
  ASSERT_THAT(library.options, SizeIs(2));
  EXPECT_STREQ(library.options[0].key, "url");
  EXPECT_STREQ(library.options[1].key, "patience");
  EXPECT_STREQ(library.options[1].fallback, "3");
  EXPECT_EQ(library.options[1].min, 1);
}

TEST(PluginLibrary, RefusesALibraryWithoutTheEntry) {
  EXPECT_EQ(refused("no_entry"), prefix("no_entry") + "is no Signalbox plugin: it does not export signalbox_broker_plugin_v1");
}

TEST(PluginLibrary, SaysWhichAbiALaterPluginWasBuiltFor) {
  const std::string remedy = ", this server speaks " + abi() + ": rebuild it with this server's SDK";
  EXPECT_EQ(refused("later_entry"), prefix("later_entry") + "built for ABI 2" + remedy);
  EXPECT_EQ(refused("last_entry"), prefix("last_entry") + "built for ABI 16" + remedy);
  EXPECT_EQ(refused("other_abi"), prefix("other_abi") + "built for ABI " + std::to_string(SIGNALBOX_ABI_MAJOR + 7) + remedy);
}

TEST(PluginLibrary, RefusesANullDescriptor) {
  EXPECT_EQ(refused("null_descriptor"), prefix("null_descriptor") + "signalbox_broker_plugin_v1 returned no descriptor");
}

TEST(PluginLibrary, RefusesAShortDescriptor) {
  const std::string ours = std::to_string(sizeof(signalbox_plugin));
  const std::string theirs = std::to_string(sizeof(signalbox_plugin) - 8);
  EXPECT_EQ(refused("short_descriptor"), prefix("short_descriptor") + "its descriptor has " + theirs + " bytes, " + ours +
                                             " are needed: rebuild it with this server's SDK");
}

TEST(PluginLibrary, RefusesShortOptions) {
  const std::string ours = std::to_string(sizeof(signalbox_option));
  const std::string theirs = std::to_string(sizeof(signalbox_option) - 8);
  EXPECT_EQ(refused("short_options"), prefix("short_options") + "its options have " + theirs + " bytes each, " + ours +
                                          " are needed: rebuild it with this server's SDK");
}

TEST(PluginLibrary, RefusesAnIncompleteDescriptor) {
  for (const char* name : {"no_name", "no_version", "no_create", "no_options"}) {
    EXPECT_EQ(refused(name),
              prefix(name) + "its descriptor lacks a name of a-z, 0-9 and _, a version, options or the create function");
  }
}

TEST(PluginLibrary, RefusesWhatIsNoLibrary) {
  const std::string path = kSamples + "/not_elf.so";
  std::ofstream(path) << std::string(1000, '#');
  EXPECT_THAT(refusal(path), AllOf(HasSubstr("broker.plugin: " + path + ": can't be loaded: "), HasSubstr("ELF")));
  EXPECT_THAT(refusal(kSamples + "/"), HasSubstr("can't be loaded: "));
}

TEST(PluginLibrary, RefusesAMissingFile) {
  EXPECT_EQ(refusal(kSamples + "/libsignalbox_absent.so"),
            "broker.plugin: " + kSamples + "/libsignalbox_absent.so: no such file");
}

TEST(PluginLibrary, SaysWhereItLookedForAName) {
  const std::string said = refusal("absent", {"/nowhere/first", "/nowhere/second"});
  EXPECT_THAT(
      said, HasSubstr("broker.plugin: no plugin 'absent': libsignalbox_absent.so is not in /nowhere/first, /nowhere/second, "));
  for (const fs::path& folder : plugin_folders({})) EXPECT_THAT(said, HasSubstr(folder.string()));
  EXPECT_THAT(said, HasSubstr("broker.plugin_path"));
}

TEST(PluginFolders, ArePluginPathThenBesideTheExecutableThenTheInstallation) {
  const fs::path executable = fs::read_symlink("/proc/self/exe").parent_path();
  const std::vector<fs::path> folders = plugin_folders({"b", "a"});
  ASSERT_THAT(folders, SizeIs(5));
  EXPECT_EQ(folders[0], "b");
  EXPECT_EQ(folders[1], "a");
  EXPECT_EQ(folders[2], executable / "plugins");
  EXPECT_EQ(folders[3], executable.parent_path() / "lib/signalbox/plugins");
  EXPECT_TRUE(folders[4].is_absolute());
  EXPECT_EQ(folders[4].filename(), "plugins");
}

TEST(PluginLibrary, FindsANameInTheFirstFolderThatHasIt) {
  EXPECT_STREQ(load_plugin("twin", {kSamples + "/first", kSamples + "/second"}).descriptor->version, "first");
  EXPECT_STREQ(load_plugin("twin", {kSamples + "/second", kSamples + "/first"}).descriptor->version, "second");
  EXPECT_STREQ(load_plugin("twin", {"/nowhere", kSamples, kSamples + "/second"}).descriptor->version, "second");
}

TEST(PluginLibrary, LooksInPluginPathBeforeTheBuiltInFolders) {
  EXPECT_STREQ(load_plugin("unit_beside", {}).descriptor->version, "beside");
  EXPECT_STREQ(load_plugin("unit_beside", {kSamples + "/first"}).descriptor->version, "before");
}

TEST(PluginLibrary, DoesNotGoOnAfterAPluginThatItRefused) {
  EXPECT_THAT(refusal("other_abi", {kSamples, kSamples + "/first"}), HasSubstr("built for ABI"));
}

TEST(PluginLibrary, LoadsThePluginsOfOneNameInTwoFoldersApart) {
  const PluginLibrary first = load_plugin(kSamples + "/first/libsignalbox_twin.so", {});
  const PluginLibrary second = load_plugin(kSamples + "/second/libsignalbox_twin.so", {});
  EXPECT_STREQ(first.descriptor->version, "first");
  EXPECT_STREQ(second.descriptor->version, "second");
}

TEST(FindPlugins, ListsGoodOnesAndRefusedOnesInOrder) {
  std::vector<std::string> names;
  for (const FoundPlugin& found : find_plugins({kSamples})) {
    if (found.path.parent_path() != kSamples) continue;
    const std::string name = found.path.stem().string().substr(std::string("libsignalbox_").size());
    names.push_back(name);
    const std::string expected = refusal(found.path);
    EXPECT_EQ(found.refusal, expected);
    EXPECT_EQ(found.library.descriptor == nullptr, !expected.empty()) << name;
    if (expected.empty()) {
      EXPECT_EQ(found.library.path, found.path);
    }
  }
  EXPECT_THAT(names, ElementsAre("good", "last_entry", "later_entry", "long_options", "no_create", "no_entry", "no_name",
                                 "no_option_at_all", "no_options", "no_version", "null_descriptor", "other_abi",
                                 "short_descriptor", "short_options"));
}

TEST(FindPlugins, ListsTheFirstOfEachNameOnly) {
  std::vector<std::string> versions;
  for (const FoundPlugin& found : find_plugins({"/nowhere", kSamples + "/second", kSamples + "/first"})) {
    if (found.path.filename() == "libsignalbox_twin.so") versions.emplace_back(found.library.descriptor->version);
  }
  EXPECT_THAT(versions, ElementsAre("second"));
}

}  // namespace
}  // namespace signalbox

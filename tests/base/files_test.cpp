#include "base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>

#include "base/error.h"
#include "base/hash.h"
#include "base/units.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Files : public ::testing::Test {
 protected:
  fs::path file(const std::string& name) const { return folder_.path() / name; }
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }
  TemporaryFolder folder_{"tamis-test"};
};

TEST_F(Files, saving_replaces_and_leaves_nothing_else) {
  save_file(file("a"), std::string_view("one"));
  save_file(file("a"), std::string_view("two"));
  EXPECT_EQ(load_text(file("a")), "two");
  EXPECT_EQ(count(), 1U);
}

TEST_F(Files, a_failed_save_names_the_file_and_leaves_nothing) {
  try {
    save_file(file("none/a"), std::string_view("x"));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::io);
    EXPECT_THAT(e.what(), HasSubstr("none/a"));
  }
  fs::create_directories(file("folder/inside"));  // a rename onto it fails
  EXPECT_THROW(save_file(file("folder"), std::string_view("x")), Error);
  EXPECT_EQ(count(), 1U);
}

TEST_F(Files, a_reader_never_sees_half_of_a_file_that_is_replaced_and_killed) {
  const std::string even(300'000, 'e'), odd(400'000, 'o');
  save_file(file("a"), std::string_view(even));
  for (int turn = 0; turn < 5; ++turn) {
    pid_t writer = ::fork();
    if (writer == 0)
      for (int i = 0;; ++i) save_file(file("a"), std::string_view(i % 2 == 0 ? odd : even));
    for (int i = 0; i < 40; ++i) {
      std::string seen = load_text(file("a"));
      EXPECT_TRUE(seen == even || seen == odd) << seen.size();
    }
    ::kill(writer, SIGKILL);
    ::waitpid(writer, nullptr, 0);
  }
}

TEST_F(Files, loading_tells_missing_from_folder) {
  try {
    load_text(file("none"));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::not_found);
  }
  try {
    load_text(folder_.path());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(e.what(), HasSubstr("is a folder"));
  }
}

std::string refusal(const fs::path& file, const FileKind& kind) {
  try {
    load_text(file, kind);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST_F(Files, what_is_no_regular_file_is_refused_by_name_and_never_waited_for) {
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  file("socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  fs::create_symlink("/dev/zero", file("link"));
  EXPECT_EQ(refusal(file("pipe"), kCardFile),
            "read " + file("pipe").string() + ": is a named pipe, not a card; name a regular file");
  EXPECT_THAT(refusal(file("socket"), kLabelFile), HasSubstr("is a socket, not a label file"));
  EXPECT_THAT(refusal(file("link"), kImageFile), HasSubstr("is a device, not an image"));
  EXPECT_THROW(hash_file(file("pipe")), Error);
  ::close(server);
}

TEST_F(Files, a_file_that_is_longer_than_its_kind_may_be_is_not_read) {
  save_file(file("big"), std::string_view("x"));
  fs::resize_file(file("big"), std::uintmax_t{1} << 40);  // a hole: nothing is written
  EXPECT_EQ(refusal(file("big"), kCardFile),
            "read " + file("big").string() + ": has " + bytes_text(std::uint64_t{1} << 40) +
                ", more than the " + bytes_text(kCardFile.most_bytes) +
                " that a card may have; is it the right file?");
  // One that does not tell its size is read no further than that.
  EXPECT_THAT(refusal("/proc/self/status", {"a note", 16}), HasSubstr("that a note may have"));
}

TEST_F(Files, a_part_of_a_file_is_read_by_its_place) {
  save_file(file("a"), std::string_view("0123456789"));
  const InputFile in(file("a"), kAnyFile);
  std::vector<std::uint8_t> part(3);
  in.read_at(4, part);
  EXPECT_EQ(std::string(part.begin(), part.end()), "456");
  EXPECT_THROW(in.read_at(8, part), Error);
  std::vector<std::uint8_t> start(20);
  EXPECT_EQ(in.read_start(start), 10U);
}

TEST_F(Files, loading_reads_files_that_do_not_tell_their_size) {
  EXPECT_THAT(load_text("/proc/self/status"), HasSubstr("Pid:"));
}

TEST_F(Files, a_file_names_only_what_lies_in_its_folder) {
  fs::create_directories(file("in/deeper"));
  save_file(file("in/deeper/a"), std::string_view("x"));
  save_file(file("secret"), std::string_view("x"));
  fs::create_symlink("deeper/a", file("in/good"));
  fs::create_symlink("../secret", file("in/bad"));
  fs::create_symlink("..", file("in/up"));
  for (const char* good : {"deeper/a", "good", "not-there", "./deeper/a"})
    EXPECT_TRUE(path_inside(file("in"), good)) << good;
  for (const char* bad :
       {"../secret", "bad", "up/secret", "deeper/../../secret", "", "/etc/passwd"})
    EXPECT_FALSE(path_inside(file("in"), bad)) << bad;
}

TEST_F(Files, what_others_can_write_is_not_trusted) {
  fs::create_directories(file("cache"));
  EXPECT_EQ(why_untrusted(file("cache")), std::nullopt);
  EXPECT_EQ(why_untrusted(file("cache/not/there")), std::nullopt);
  EXPECT_EQ(why_untrusted("/usr/lib"), std::nullopt);
  fs::permissions(file("cache"), fs::perms::all);
  EXPECT_EQ(why_untrusted(file("cache")), file("cache").string() + " can be written by every user");
  EXPECT_NE(why_untrusted(file("cache/not/there")), std::nullopt);
  fs::permissions(file("cache"), fs::perms::all | fs::perms::sticky_bit);
  EXPECT_NE(why_untrusted(file("cache")), std::nullopt);
  EXPECT_EQ(why_untrusted(file("cache/not/there")), std::nullopt);
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give a folder to another user";
  fs::permissions(file("cache"), fs::perms::owner_all);
  ASSERT_EQ(::chown(file("cache").c_str(), 12345, 12345), 0);
  EXPECT_EQ(why_untrusted(file("cache")), file("cache").string() + " belongs to another user");
}

/// Sets variables for one test; null unsets.
class Environment {
 public:
  explicit Environment(const std::map<std::string, const char*>& values) {
    for (const auto& [name, value] : values) {
      before_[name] = environment(name);
      value != nullptr ? ::setenv(name.c_str(), value, 1) : ::unsetenv(name.c_str());
    }
  }
  ~Environment() {
    for (const auto& [name, value] : before_)
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(Files, the_cache_is_no_place_that_another_user_could_have_made) {
  {
    Environment own({{"TAMIS_CACHE_DIR", nullptr}, {"XDG_CACHE_HOME", "relative"}, {"HOME", "/h"}});
    EXPECT_EQ(cache_folder(), "/h/.cache/tamis");
  }
  {
    Environment own({{"TAMIS_CACHE_DIR", "relative"}, {"XDG_CACHE_HOME", "/x"}, {"HOME", "/h"}});
    EXPECT_EQ(cache_folder(), "/x/tamis");
  }
  {
    Environment own({{"TAMIS_CACHE_DIR", nullptr}, {"XDG_CACHE_HOME", nullptr}, {"HOME", nullptr}});
    EXPECT_NE(cache_folder().parent_path(), fs::temp_directory_path() / "tamis-cache");
    EXPECT_TRUE(cache_folder().is_absolute());
  }
  fs::create_directories(file("open"));
  fs::permissions(file("open"), fs::perms::all);
  const std::string open = file("open").string();
  Environment own(std::map<std::string, const char*>{{"TAMIS_CACHE_DIR", open.c_str()}});
  const fs::path folder = cache_folder();
  EXPECT_NE(folder, open);
  EXPECT_EQ(cache_folder(), folder);
  EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all);
}

TEST_F(Files, a_writable_folder_is_made_with_its_parents_and_left_empty) {
  make_writable_folder(file("a/b/c"));
  EXPECT_TRUE(fs::is_empty(file("a/b/c")));
  save_file(file("plain"), std::string_view("x"));
  for (const char* bad : {"plain", "plain/under"}) try {
      make_writable_folder(file(bad));
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::io);
      EXPECT_THAT(e.what(), HasSubstr("choose another folder"));
    }
}

TEST_F(Files, a_temporary_folder_goes_with_its_object) {
  fs::path path;
  {
    TemporaryFolder folder(folder_.path(), "inner");
    path = folder.path();
    fs::create_directories(path / "deep/er");
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace tamis

#include "predict/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Inputs : public ::testing::Test {
 protected:
  std::string file(const std::string& name) const {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name) << "x";
    return (folder_.path() / name).string();
  }
  static std::string failure(const std::vector<std::string>& inputs) {
    try {
      find_images(inputs, "");
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }
  const TemporaryFolder folder_{"tamis-test"};
};

TEST_F(Inputs, of_several_files_are_named_as_they_were_given) {
  const std::string a = file("one dir/a, b.jpg"), b = file("b.png");
  const NamedImages images = find_images({b, a, b}, "");
  ASSERT_EQ(images.dataset->items().size(), 2U);
  EXPECT_EQ(name_of(images, images.dataset->items()[0].id), b);
  EXPECT_EQ(name_of(images, images.dataset->items()[1].id), a);
  EXPECT_EQ(images.about, "2 images (as named)");
  // What a worker opens.
  EXPECT_EQ(open_dataset(images.spec)->items()[1].file, fs::path(a));
}

TEST_F(Inputs, of_a_folder_are_all_its_images) {
  file("x/1.jpg");
  file("x/deep/2.jpg");
  file("x/notes.md");
  const NamedImages images = find_images({(folder_.path() / "x").string()}, "");
  EXPECT_EQ(images.dataset->items().size(), 2U);
  EXPECT_EQ(name_of(images, images.dataset->items()[0].id), images.dataset->items()[0].id);
}

TEST_F(Inputs, that_are_none_are_named) {
  EXPECT_THAT(failure({"/nowhere.jpg"}), HasSubstr("/nowhere.jpg: no such file or folder"));
  const std::string image = file("a.jpg");
  EXPECT_THAT(failure({image, folder_.path().string()}), HasSubstr("is no image file"));
  EXPECT_THAT(failure({file("line\nbreak.jpg")}), HasSubstr("line break or a quote"));
  fs::create_directories(folder_.path() / "empty");
  EXPECT_THAT(failure({(folder_.path() / "empty").string()}), HasSubstr("holds no data"));
}

}  // namespace
}  // namespace tamis

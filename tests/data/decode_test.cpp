#include <gmock/gmock.h>

#include <cmath>

#include "data/dataset.h"
#include "data/encode.h"
#include "data/picture_header.h"
#include "helpers.h"

namespace tamis {
namespace {

using namespace testing_data;
using ::testing::HasSubstr;

/// Pictures of make_pictures.py: pixel (x, y) is (10 x, 15 y, 128).
int largest_difference(const Picture& picture) {
  int largest = 0;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const std::uint8_t* p = picture.pixels.data() +
                              (static_cast<std::size_t>(y) * 24 + static_cast<std::size_t>(x)) * 3;
      largest = std::max(
          {largest, std::abs(p[0] - 10 * x), std::abs(p[1] - 15 * y), std::abs(p[2] - 128)});
    }
  return largest;
}

Picture decode_file(const std::string& name, bool grey = false) {
  return decode_picture(load_bytes(pictures() / name), name, grey);
}

TEST(Encode, makes_a_jpeg_that_decodes_to_nearly_the_same) {
  Picture picture = decode_file("plain.png");
  const std::vector<std::uint8_t> bytes = encode_jpeg(picture, 95);
  EXPECT_EQ(parse_picture_header(bytes)->format, "jpeg");
  EXPECT_LE(largest_difference(decode_picture(bytes, "made", false)), 20);
  const Picture grey{2, 3, 1, {10, 10, 10, 10, 10, 10}};
  EXPECT_EQ(decode_picture(encode_jpeg(grey, 90), "grey", true).size(), (Size{2, 3}));
}

TEST(Encode, refuses_a_picture_without_its_pixels) {
  EXPECT_EQ(error_of([] { encode_jpeg({}, 90); }).code, ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([] { encode_jpeg({2, 2, 3, {1}}, 90); }).code, ErrorCode::invalid_argument);
}

TEST(Decode, gives_the_pixels_of_lossless_formats_exactly) {
  for (const char* name :
       {"plain.png", "plain.bmp", "plain.webp", "plain.ppm", "plain.tif", "orientation6.png"}) {
    Picture picture = decode_file(name);
    EXPECT_EQ(picture.size(), (Size{16, 24})) << name;
    EXPECT_EQ(picture.channels, 3) << name;
    EXPECT_EQ(largest_difference(picture), 0) << name;
  }
}

TEST(Decode, applies_every_exif_orientation) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    Picture picture = decode_file("orientation" + std::to_string(orientation) + ".jpg");
    ASSERT_EQ(picture.size(), (Size{16, 24})) << orientation;
    EXPECT_LE(largest_difference(picture), 6) << orientation;
  }
}

TEST(Decode, reads_progressive_and_cmyk_jpeg) {
  EXPECT_LE(largest_difference(decode_file("progressive.jpg")), 6);
  EXPECT_LE(largest_difference(decode_file("cmyk.jpg")), 40);
}

TEST(Decode, decodes_to_one_channel_when_grey_is_asked_for) {
  for (const char* name : {"plain.png", "orientation1.jpg"}) {
    Picture picture = decode_file(name, true);
    ASSERT_EQ(picture.channels, 1);
    ASSERT_EQ(picture.pixels.size(), 24u * 16u);
    EXPECT_NEAR(picture.pixels[0], 0.114 * 128, 3) << name;
    EXPECT_NEAR(picture.pixels[23], 0.299 * 230 + 0.114 * 128, 3) << name;
  }
}

TEST(Decode, refuses_a_truncated_jpeg_instead_of_filling_it_with_grey) {
  for (const char* name : {"orientation1.jpg", "progressive.jpg"}) {
    std::vector<std::uint8_t> whole = load_bytes(pictures() / name);
    for (std::size_t cut : {std::size_t{2}, whole.size() / 10, whole.size() / 5}) {
      std::vector<std::uint8_t> part(whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(cut));
      Thrown thrown = error_of([&] { decode_picture(part, "street.jpg", false); });
      EXPECT_EQ(thrown.code, ErrorCode::corrupt_data);
      EXPECT_THAT(thrown.text, HasSubstr("image street.jpg: cannot be decoded: "));
    }
  }
}

TEST(Decode, refuses_truncated_pictures_of_other_formats) {
  for (const char* name : {"plain.png", "plain.bmp", "plain.webp", "lossy.webp", "plain.ppm"}) {
    std::vector<std::uint8_t> part = load_bytes(pictures() / name);
    part.resize(part.size() * 6 / 10);
    EXPECT_EQ(error_of([&] { decode_picture(part, name, false); }).code, ErrorCode::corrupt_data)
        << name;
  }
}

TEST(Decode, refuses_what_is_no_picture) {
  EXPECT_THAT(error_of([] { decode_picture({}, "a.jpg", false); }).text,
              HasSubstr("image a.jpg: cannot be decoded: the file is empty"));
  std::vector<std::uint8_t> text{'h', 'e', 'l', 'l', 'o', ' ', 'w', 'o', 'r', 'l', 'd'};
  EXPECT_EQ(error_of([&] { decode_picture(text, "a.jpg", false); }).code, ErrorCode::corrupt_data);
}

TEST(Decode, refuses_absurd_sizes_before_decoding) {
  std::vector<std::uint8_t> png = load_bytes(pictures() / "plain.png");
  for (std::size_t at : {16u, 20u}) {
    png[at] = 0;
    png[at + 1] = 1;  // 65536 + …
  }
  Thrown thrown = error_of([&] { decode_picture(png, "huge.png", false); });
  EXPECT_EQ(thrown.code, ErrorCode::unsupported);
  EXPECT_THAT(thrown.text, HasSubstr("huge.png: its header says 65560 x 65552 pixels"));

  std::vector<std::uint8_t> jpeg = load_bytes(pictures() / "orientation1.jpg");
  for (std::size_t i = 2; i + 8 < jpeg.size(); ++i)
    if (jpeg[i] == 0xFF && jpeg[i + 1] == 0xC0)
      for (std::size_t k = 5; k < 9; ++k) jpeg[i + k] = 0xFF;
  EXPECT_EQ(error_of([&] { decode_picture(jpeg, "huge.jpg", false); }).code,
            ErrorCode::unsupported);
}

TEST(PictureHeader, gives_the_upright_size_without_decoding) {
  for (const auto& entry : std::filesystem::directory_iterator(pictures())) {
    auto header = probe_picture_header(entry.path());
    ASSERT_TRUE(header) << entry.path();
    EXPECT_EQ(header->upright(), (Size{16, 24})) << entry.path();
  }
}

TEST(PictureHeader, survives_mutated_headers) {
  std::uint32_t state = 12345;
  auto random = [&] { return state = state * 1664525 + 1013904223, state >> 8; };
  for (const auto& entry : std::filesystem::directory_iterator(pictures())) {
    const std::vector<std::uint8_t> whole = load_bytes(entry.path());
    for (int round = 0; round < 2000; ++round) {
      std::vector<std::uint8_t> bytes = whole;
      for (int change = 0; change < 4; ++change)
        bytes[random() % std::min<std::size_t>(bytes.size(), 300)] =
            static_cast<std::uint8_t>(random());
      bytes.resize(random() % (bytes.size() + 1));
      parse_picture_header(std::vector<std::uint8_t>(bytes));
    }
  }
}

TEST(Decode, survives_mutated_pictures) {
  std::uint32_t state = 99;
  auto random = [&] { return state = state * 1664525 + 1013904223, state >> 8; };
  for (const char* name : {"orientation1.jpg", "progressive.jpg", "cmyk.jpg", "plain.ppm"}) {
    const std::vector<std::uint8_t> whole = load_bytes(pictures() / name);
    for (int round = 0; round < 300; ++round) {
      std::vector<std::uint8_t> bytes = whole;
      for (int change = 0; change < 3; ++change)
        bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
      auto header = parse_picture_header(bytes);
      if (header && header->stored.width > 4096) continue;  // valid, but slow
      try {
        Picture picture = decode_picture(bytes, name, false);
        EXPECT_EQ(picture.pixels.size(), static_cast<std::size_t>(picture.width) *
                                             static_cast<std::size_t>(picture.height) * 3);
      } catch (const Error&) {
      }
    }
  }
}

TEST(Decode, says_so_when_the_plugin_is_missing_or_wrong) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a fresh process: the plugin loads once
  EXPECT_EXIT(
      {
        TemporaryFolder folder;
        save_file(folder.path() / "tamis-pictures.so", std::string_view("no library"));
        ::setenv("TAMIS_PLUGIN_DIR", folder.path().c_str(), 1);
        Thrown thrown = error_of([] { decode_file("plain.png"); });
        bool right = thrown.code == ErrorCode::unavailable &&
                     thrown.text.find("not a library") != std::string::npos;
        std::exit(right ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace tamis

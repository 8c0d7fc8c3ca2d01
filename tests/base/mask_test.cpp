#include "base/mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/error.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

constexpr Size kSize{37, 53};
const std::vector<double> kSlanted{3.2, 4.1, 40.7, 8.9, 33.3, 30.2, 10.5, 34.9};
const std::vector<double> kRepeated{5, 5, 5, 5, 20, 5, 20, 21.5, 5, 21.5};

std::vector<std::uint8_t> random_rows(Size size, std::mt19937& random) {
  std::vector<std::uint8_t> rows(static_cast<std::size_t>(size.height * size.width));
  for (std::uint8_t& v : rows) v = random() % 3 == 0;
  return rows;
}

// pycocotools 2.0.11: mask.frPyObjects([polygon], 37, 53)[0]["counts"], mask.area, mask.toBbox.
TEST(Mask, of_a_polygon_is_that_of_pycocotools) {
  struct Case {
    std::vector<double> corners;
    const char* text;
    std::uint64_t area;
    Box bounds;
  };
  const Case cases[] = {
      {kSlanted,
       "c31T15K4M3L4L4L4L4L1O01N100000000O10001O0O100000000O101O00000O100M3M3M4L3M3N2Mf=",
       783,
       {3, 4, 41, 35}},
      {{-4, -3, 60, 10, 20, 45},
       "06o02N2N2N2N2N2N2N2N2N2N2N2O1N2N2N1O01O000000001O000000001O000O1O1O2N1O1O1O101N1O1O1O1O2N1O"
       "100O1O2N1O1O1O1OI",
       1273,
       {0, 0, 53, 37}},
      {kRepeated, "n5a0d0000000000000000000000000000PV1", 255, {5, 5, 20, 22}},
      {{2.4, 2.6, 3.1, 2.6, 3.1, 3.9}, "Ym1", 0, {0, 0, 0, 0}}};
  for (const Case& c : cases) {
    Mask mask = polygon_mask(c.corners, kSize);
    EXPECT_EQ(to_text(mask), c.text);
    EXPECT_EQ(area(mask), c.area);
    EXPECT_EQ(bounds(mask), c.bounds);
  }
}

// pycocotools 2.0.11: mask.merge of the two, with intersect False and True.
TEST(Mask, union_and_intersection_are_those_of_pycocotools) {
  Mask a = polygon_mask(kSlanted, kSize), b = polygon_mask(kRepeated, kSize);
  EXPECT_EQ(to_text(unite(a, b)),
            "c31T15K<EO0004L4L4L1O00O100000000O101O1O0O100000000O101O00000O100M3M3M4L3M3N2Mf=");
  EXPECT_EQ(area(unite(a, b)), 802u);
  EXPECT_EQ(intersection(a, b), 236u);
}

TEST(Mask, of_rows_comes_back_from_its_text) {
  std::mt19937 random(3);
  for (Size size : {Size{1, 1}, Size{4, 5}, Size{60, 1}, Size{33, 47}}) {
    std::vector<std::uint8_t> rows = random_rows(size, random);
    Mask mask = mask_of_rows(rows, size);
    EXPECT_EQ(parse_mask(to_text(mask), size), mask);
    EXPECT_EQ(area(mask), static_cast<std::uint64_t>(std::count(rows.begin(), rows.end(), 1)));
  }
  std::vector<std::uint8_t> rows(20);
  for (int i : {0, 6, 7, 8, 11, 12, 13}) rows[static_cast<std::size_t>(i)] = 1;
  EXPECT_EQ(to_text(mask_of_rows(rows, {4, 5})), "0141N0003") << "pycocotools 2.0.11 mask.encode";
}

TEST(Mask, operations_are_those_of_pixels) {
  std::mt19937 random(4);
  Size size{23, 31};
  auto a = random_rows(size, random), b = random_rows(size, random), both = a, either = a;
  std::uint64_t shared = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    shared += a[i] && b[i];
    either[i] = a[i] || b[i];
  }
  EXPECT_EQ(intersection(mask_of_rows(a, size), mask_of_rows(b, size)), shared);
  EXPECT_EQ(unite(mask_of_rows(a, size), mask_of_rows(b, size)), mask_of_rows(either, size));
}

template <typename F>
std::string failure(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(Mask, refuses_what_is_none) {
  Mask small = mask_of_rows(std::vector<std::uint8_t>(4), {2, 2});
  Mask large = mask_of_rows(std::vector<std::uint8_t>(6), {2, 3});
  EXPECT_THAT(failure([&] { intersection(small, large); }),
              HasSubstr("one is 2x2, the other 2x3; masks must have their image's size"));
  EXPECT_THAT(failure([] {
                parse_mask("0141N0003", {4, 6});
              }),
              HasSubstr("hold 20 pixels, the image is 4x6"));
  EXPECT_THAT(failure([] { parse_mask("\x7f", {4, 6}); }), HasSubstr("compressed form"));
  EXPECT_THAT(failure([] { parse_mask("ooooooooooo", {4, 6}); }), HasSubstr("compressed form"));
  EXPECT_THAT(failure([] { parse_mask("o", {4, 6}); }), HasSubstr("within a number"));
  EXPECT_THAT(failure([] { parse_mask("X6", {4, 6}); }), HasSubstr("does not fit 4x6"));
  EXPECT_THAT(failure([] {
                polygon_mask(std::vector<double>{1, 2, 3, 4}, {4, 6});
              }),
              HasSubstr("polygon: has 4 values"));
  EXPECT_THAT(failure([] {
                polygon_mask(std::vector<double>{1, 2, 3, 4, 5, 1e300}, {4, 6});
              }),
              HasSubstr("outside the image"));
}

}  // namespace
}  // namespace tamis

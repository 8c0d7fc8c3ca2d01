// Writes cases and our results to files; referee.py computes the same with Pillow, OpenCV and
// NumPy.
#include "../support/referee.h"

#include <gtest/gtest.h>

#include <random>

#include "base/files.h"
#include "base/json.h"
#include "vision/decoder_yolov8.h"
#include "vision/preprocess.h"

namespace tamis {
namespace {

struct Case {
  Size from, to;
  int channels;
};

// Odd sizes, enlarged, reduced, one side only, nothing at all, sides of one pixel.
const std::vector<Case> kCases{
    {{37, 53}, {17, 29}, 3},     {{37, 53}, {91, 120}, 3}, {{480, 640}, {256, 341}, 3},
    {{427, 640}, {640, 640}, 3}, {{101, 99}, {32, 99}, 3}, {{101, 99}, {101, 33}, 1},
    {{64, 64}, {64, 64}, 3},     {{1, 77}, {13, 31}, 3},   {{77, 1}, {31, 13}, 1},
    {{1, 1}, {5, 7}, 3},         {{300, 200}, {1, 1}, 3},  {{61, 47}, {122, 23}, 1}};

/// Half noise and half smooth: noise finds wrong weights, ramps find wrong positions.
Picture make_picture(const Case& c, std::mt19937& random) {
  Picture p{c.from.height, c.from.width, c.channels, {}};
  for (int y = 0; y < p.height; ++y)
    for (int x = 0; x < p.width; ++x)
      for (int k = 0; k < p.channels; ++k)
        p.pixels.push_back(
            static_cast<std::uint8_t>(x < p.width / 2 ? random() : (x * 3 + y * 2 + 40 * k) % 256));
  return p;
}

class RefereeCases {
 public:
  RefereeCases() : json_(Json::array()) {}
  const std::filesystem::path& folder() const { return folder_.path(); }

  void add(const std::string& rule, const Picture& in, const Picture& out, Json extra = {}) {
    std::string name = std::to_string(json_.size());
    testing::write_raw(folder() / (name + ".in"), in.pixels.data(), in.pixels.size());
    testing::write_raw(folder() / (name + ".out"), out.pixels.data(), out.pixels.size());
    json_.push_back({{"name", name},
                     {"rule", rule},
                     {"in", {in.height, in.width, in.channels}},
                     {"out", {out.height, out.width, out.channels}},
                     {"extra", std::move(extra)}});
  }
  ::testing::AssertionResult judge() {
    save_json(folder() / "cases.json", json_);
    return testing::referee_agrees("vision/referee.py", folder());
  }

 private:
  TemporaryFolder folder_;
  Json json_;
};

TEST(Referee, resizes_are_within_one_grey_level_of_pillow_and_opencv) {
  if (auto why = testing::referee_missing(); !why.empty()) GTEST_SKIP() << why;
  RefereeCases cases;
  std::mt19937 random(1);
  for (const Case& c : kCases) {
    Picture in = make_picture(c, random);
    Placement p;
    cases.add("pillow_bilinear", in, resize_antialiased(in, c.to));
    Picture boxed = letterbox(in, c.to, 114, p);
    cases.add("letterbox", in, boxed, {{"placement", {p.scale_x, p.pad_x, p.pad_y}}});
    Picture cropped = center_crop(in, std::max(c.to.height / 2, 1), c.to, p);
    cases.add("center_crop", in, cropped, {{"short_side", std::max(c.to.height / 2, 1)}});
    cropped = center_crop(in, c.to.height * 2, c.to, p);
    cases.add("center_crop", in, cropped, {{"short_side", c.to.height * 2}});
    if (c.channels == 3) cases.add("grey", in, with_channels(in, 1));
  }
  EXPECT_TRUE(cases.judge());
}

/// Like a detector's output: few strong boxes, neighbours that agree, a sea of faint scores.
Tensor make_output(std::int64_t classes, std::int64_t anchors, std::mt19937& random) {
  Tensor out(DataType::f32, {1, 4 + classes, anchors});
  std::uniform_real_distribution<float> unit(0, 1);
  auto* v = out.data<float>();
  for (std::int64_t a = 0; a < anchors; ++a) {
    int object = static_cast<int>(random() % 40);
    v[a] = 40.f + 14.f * static_cast<float>(object) + 8 * unit(random);
    v[anchors + a] = 60.f + 97.f * static_cast<float>(object % 6) + 8 * unit(random);
    v[2 * anchors + a] = 50 + 10 * unit(random);
    v[3 * anchors + a] = 70 + 10 * unit(random);
    for (std::int64_t c = 0; c < classes; ++c)
      v[(4 + c) * anchors + a] =
          (object % classes == c ? 0.9f : 0.01f) * unit(random) * unit(random);
  }
  return out;
}

TEST(Referee, yolov8_decoding_is_that_of_numpy_and_opencv_nms) {
  if (auto why = testing::referee_missing(); !why.empty()) GTEST_SKIP() << why;
  TemporaryFolder folder;
  std::mt19937 random(2);
  Json cases = Json::array();
  for (auto [classes, anchors] : {std::pair{80, 500}, {3, 1999}, {1, 64}, {1000, 130}}) {
    std::vector<Tensor> outputs;
    outputs.push_back(make_output(classes, anchors, random));
    Placement p{{333, 500}, {640, 640}, 1.28, 1.28, 0, 107};
    DetectOptions options;
    options.max_candidates = 700;
    std::vector<float> flat;
    for (const Detection& d : decode_yolov8(outputs, p, options))
      for (float f : {d.box.x0, d.box.y0, d.box.x1, d.box.y1, d.score, float(d.label)})
        flat.push_back(f);
    std::string name = std::to_string(cases.size());
    testing::write_raw(folder.path() / (name + ".in"), outputs[0].data<float>(),
                       static_cast<std::size_t>(outputs[0].elements()));
    testing::write_raw(folder.path() / (name + ".out"), flat.data(), flat.size());
    cases.push_back({{"name", name},
                     {"rule", "yolov8"},
                     {"in", {4 + classes, anchors}},
                     {"extra",
                      {{"placement", {1.28, 0, 107}},
                       {"picture", {333, 500}},
                       {"max_candidates", options.max_candidates}}}});
  }
  save_json(folder.path() / "cases.json", cases);
  EXPECT_TRUE(testing::referee_agrees("vision/referee.py", folder.path()));
}

}  // namespace
}  // namespace tamis

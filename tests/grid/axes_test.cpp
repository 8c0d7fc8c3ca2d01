#include "grid/axes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/error.h"
#include "grid/runtimes.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using Asked = std::map<std::string, std::vector<std::string>>;

GridFacts facts(int cores = 2) {
  GridFacts f = testing::two_runtimes();
  f.place.cores = cores;
  f.parent.nothing_to_choose = {{"rewrites", "nothing to rewrite"}};
  return f;
}

std::string refusal(const std::function<void()>& action, ErrorCode code) {
  try {
    action();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    return e.what();
  }
  return "accepted";
}

std::set<std::string> names(const std::vector<Variant>& variants) {
  std::set<std::string> found;
  for (const Variant& v : variants) found.insert(variant_name(v));
  return found;
}

TEST(Grid, begins_with_the_parent_as_it_is) {
  Variant first = expand_grid(facts(), {}, false).front();
  EXPECT_EQ(first.id, "v01");
  EXPECT_TRUE(first.recipe.empty());
  EXPECT_EQ(variant_name(first), "original · ort · f32 · all · 2 threads");
}

TEST(Grid, has_every_point_that_is_worth_trying_once) {
  // In float: ort 2 levels x 2 threads, openvino 2 precisions x 2 threads; in INT8 twice that, for
  // the two forms of the file; and the baseline.
  std::vector<Variant> variants = expand_grid(facts(), {}, false);
  EXPECT_EQ(variants.size(), 1U + 8 + 16);
  EXPECT_EQ(names(variants).size(), variants.size());
  // All that exist: FP16 too.
  const std::size_t float_file =
      4 * 2 * 2 + 2 * 2 * 3;  // with pinning: 2 ways in ort, 3 in openvino
  EXPECT_EQ(expand_grid(facts(), {}, true).size(), 1U + 2 * float_file + 2 * float_file);
}

TEST(Grid, changes_the_interface_only_where_that_is_allowed) {
  GridFacts f = facts();
  const std::size_t plain = expand_grid(f, {}, false).size();
  EXPECT_EQ(names(expand_grid(f, {}, false)).count("fp32 + head-cut · ort · f32 · all · 2 threads"),
            0U);
  f.plan.allow = {"head", "input"};
  const std::set<std::string> found = names(expand_grid(f, {}, false));
  // Each of the three others: float in ort 1 and openvino 2, in INT8 twice that.
  EXPECT_EQ(found.size(), plain + 3 * (3 + 6));
  EXPECT_EQ(found.count("fp32 + head-cut · ort · f32 · all · 2 threads"), 1U);
  EXPECT_EQ(
      found.count("int8-static(openvino) + head-cut + input-u8 · openvino · bf16 · 2 threads"), 1U);
  EXPECT_EQ(found.count("fp32 + head-cut · ort · f32 · all · 1 thread"), 0U);
}

TEST(Grid, takes_naming_a_value_for_allowing_it) {
  const std::set<std::string> found =
      names(expand_grid(facts(), {{"head", {"cut"}}, {"precision", {"fp32"}}}, false));
  EXPECT_EQ(found.count("fp32 + head-cut · openvino · bf16 · 2 threads"), 1U);
  EXPECT_EQ(found.count("fp32 · openvino · bf16 · 2 threads"), 0U);
}

TEST(Grid, says_why_a_step_cannot_be_applied) {
  GridFacts f = facts();
  f.parent.nothing_to_choose["head"] = "no YOLO tail is recognised";
  EXPECT_THAT(refusal(
                  [&] {
                    expand_grid(f, {{"head", {"cut"}}}, false);
                  },
                  ErrorCode::unavailable),
              HasSubstr("--head cut: no YOLO tail is recognised"));
}

TEST(Grid, takes_bytes_last_and_cuts_first) {
  GridFacts f = facts();
  f.plan.allow = {"head", "input"};
  for (const Variant& v : expand_grid(f, {{"precision", {"int8-static"}}}, false))
    if (v.recipe.size() == 4) {
      EXPECT_EQ(v.recipe.front().name, "head-cut");
      EXPECT_EQ(v.recipe[2].name, "int8-static");
      EXPECT_EQ(v.recipe.back().name, "input-u8");
    }
}

GridFacts with_resolutions() {
  GridFacts f = facts();
  f.parent.own_resolution = "640x640";
  f.parent.resolutions = {"480x640+640x480"};
  f.plan.allow = {"resolution", "head", "input"};
  return f;
}

std::vector<std::string> steps(const Variant& variant) {
  std::vector<std::string> names;
  for (const Step& step : variant.recipe) names.push_back(step.name);
  return names;
}

TEST(Grid, changes_the_resolution_first_and_simplifies_once) {
  const std::vector<Variant> variants = expand_grid(with_resolutions(), {}, false);
  EXPECT_EQ(names(variants).count(
                "480x640+640x480 · int8-static(ort) + head-cut · ort · f32 · all · 2 threads"),
            1U);
  for (const Variant& v : variants) {
    const std::vector<std::string> own = steps(v);
    EXPECT_LE(std::count(own.begin(), own.end(), "simplify"), 1) << variant_name(v);
    if (!find_step(v.recipe, "resolution")) continue;
    EXPECT_EQ(own[0], "simplify");
    EXPECT_EQ(own[1], "resolution");
    EXPECT_FALSE(find_step(v.recipe, "input-u8")) << variant_name(v);
  }
  GridFacts f = with_resolutions();
  f.parent.nothing_to_choose.clear();
  const Asked asked{{"resolution", {"512"}}, {"head", {"cut"}},         {"input", {"u8"}},
                    {"precision", {"fp16"}}, {"rewrites", {"runtime"}}, {"backend", {"ort"}}};
  EXPECT_EQ(steps(expand_grid(f, asked, false).back()),
            (std::vector<std::string>{"simplify", "resolution", "head-cut", "rewrites", "fp16",
                                      "input-u8"}));
}

TEST(Grid, takes_bytes_at_one_size_only) {
  EXPECT_THAT(refusal(
                  [] {
                    expand_grid(with_resolutions(),
                                {{"resolution", {"480x640+640x480"}}, {"input", {"u8"}}}, false);
                  },
                  ErrorCode::unavailable),
              HasSubstr("--input u8: a set of shapes takes f32 only; give one size"));
}

TEST(Grid, rewrites_a_float_file_for_its_runtime) {
  GridFacts f = facts();
  f.parent.nothing_to_choose.clear();
  const std::set<std::string> found = names(expand_grid(f, {}, false));
  EXPECT_EQ(found.count("fp32 + rewrites(ort) · ort · f32 · all · 2 threads"), 1U);
  EXPECT_EQ(found.count("fp32 + rewrites · openvino · f32 · 2 threads"), 1U);
  EXPECT_EQ(found.count("fp32 + rewrites(ort) · ort · f32 · extended · 2 threads"), 0U);
}

TEST(Grid, tries_half_precision_where_a_device_gains_or_the_size_counts) {
  EXPECT_EQ(names(expand_grid(facts(), {}, false)).count("fp16 · ort · f32 · all · 2 threads"), 0U);
  GridFacts half = facts();
  half.place.backends[1].devices[0].capabilities = {"f32", "f16"};
  EXPECT_EQ(names(expand_grid(half, {}, false)).count("fp16 · openvino · f16 · 2 threads"), 1U);
  EXPECT_EQ(names(expand_grid(half, {}, false)).count("fp16 · ort · f32 · all · 2 threads"), 0U);
  GridFacts small = facts();
  small.plan.for_size = true;
  EXPECT_EQ(names(expand_grid(small, {}, false)).count("fp16 · ort · f32 · all · 2 threads"), 1U);
}

TEST(Grid, numbers_its_variants_in_order) {
  std::vector<Variant> variants = expand_grid(facts(), {}, false);
  EXPECT_EQ(variants[9].id, "v10");
  EXPECT_EQ(names(expand_grid(facts(), {}, false)), names(variants));
}

TEST(Grid, is_restricted_by_what_is_asked_for) {
  Asked asked{{"backend", {"openvino"}}, {"precision", {"fp32"}}, {"threads", {"2"}}};
  EXPECT_EQ(names(expand_grid(facts(), asked, false)),
            (std::set<std::string>{"original · ort · f32 · all · 2 threads",
                                   "fp32 · openvino · f32 · 2 threads",
                                   "fp32 · openvino · bf16 · 2 threads"}));
}

TEST(Grid, takes_values_beyond_the_default_ones_when_asked) {
  Asked asked{{"graph-level", {"disable"}},
              {"threads", {"3"}},
              {"precision", {"fp32"}},
              {"backend", {"ort"}}};
  EXPECT_EQ(
      names(expand_grid(facts(), asked, false)).count("fp32 · ort · f32 · disable · 3 threads"),
      1U);
}

TEST(Grid, counts_a_value_that_is_given_twice_once) {
  Asked asked{{"threads", {"1", "1"}},
              {"precision", {"fp32", "fp32"}},
              {"backend", {"ort", "ort"}},
              {"graph-level", {"all"}}};
  EXPECT_EQ(expand_grid(facts(), asked, false).size(), 2U);
}

TEST(Grid, an_axis_that_does_not_apply_drops_nothing) {
  // A graph level is asked for; OpenVINO has none.
  std::vector<Variant> variants =
      expand_grid(facts(), {{"graph-level", {"all"}}, {"precision", {"fp32"}}}, false);
  EXPECT_EQ(variants.size(), 1U + 2 + 4);
}

TEST(Grid, without_calibration_pictures_stays_in_float) {
  GridFacts f = facts();
  f.plan.can_calibrate = false;
  EXPECT_EQ(expand_grid(f, {}, false).size(), 1U + 8);
  EXPECT_THAT(refusal(
                  [&] {
                    expand_grid(f, {{"precision", {"int8-static"}}}, false);
                  },
                  ErrorCode::unavailable),
              HasSubstr("--precision int8-static: nothing here can run that; see tamis doctor"));
}

TEST(Grid, quantises_products_alone_only_where_they_dominate) {
  GridFacts f = facts();
  f.parent.product_share = 0.6;
  const std::set<std::string> found = names(expand_grid(f, {}, false));
  for (const char* precision : {"int8-dynamic", "int8-weights", "int4-weights"})
    for (const char* rest : {" · ort · f32 · all · 2 threads", " · openvino · bf16 · 1 thread"})
      EXPECT_EQ(found.count(precision + std::string(rest)), 1U) << precision << rest;
  EXPECT_EQ(note_on_precisions(f.parent), "");
  f.parent.product_share = 0.02;
  EXPECT_EQ(names(expand_grid(f, {}, true)), names(expand_grid(facts(), {}, true)));
  EXPECT_EQ(note_on_precisions(f.parent),
            "int8-dynamic, int8-weights, int4-weights are skipped: MatMul and Gemm do 2 % of this "
            "model's multiplications; it can pay off from 50 %");
  EXPECT_THAT(refusal(
                  [&] {
                    expand_grid(f, {{"precision", {"int8-dynamic"}}}, false);
                  },
                  ErrorCode::unavailable),
              HasSubstr("--precision int8-dynamic: quantises matrix products only; MatMul and"));
}

TEST(Grid, needs_no_pictures_for_what_is_not_calibrated) {
  GridFacts f = facts();
  f.parent.product_share = 1;
  f.plan.can_calibrate = false;
  EXPECT_EQ(names(expand_grid(f, {{"precision", {"int4-weights"}}}, false))
                .count("int4-weights · openvino · f32 · 2 threads"),
            1U);
}

TEST(Grid, tries_half_the_cores_where_there_are_many) {
  std::set<std::string> found = names(expand_grid(facts(8), {{"precision", {"fp32"}}}, false));
  for (const char* threads : {"8 threads", "4 threads", "1 thread"})
    EXPECT_EQ(found.count("fp32 · ort · f32 · all · " + std::string(threads)), 1U) << threads;
}

TEST(Grid, refuses_what_this_machine_has_not) {
  EXPECT_THAT(refusal(
                  [] {
                    expand_grid(facts(), {{"inference-precision", {"f16"}}}, false);
                  },
                  ErrorCode::unavailable),
              HasSubstr("--inference-precision f16"));
  GridFacts one;
  one.place.backends = {facts().place.backends[1]};
  one.place.backends[0].devices[0].capabilities = {"f32"};
  EXPECT_EQ(baseline_variant(one).settings.backend, "openvino");
  EXPECT_THAT(refusal(
                  [&] {
                    expand_grid(one, {{"backend", {"ort"}}}, false);
                  },
                  ErrorCode::unavailable),
              HasSubstr("--backend ort"));
  EXPECT_THAT(refusal([] { baseline_variant({}); }, ErrorCode::unavailable),
              HasSubstr("tamis doctor"));
}

TEST(Axes, are_checked_with_the_nearest_names) {
  auto bad = ErrorCode::invalid_argument;
  EXPECT_THAT(refusal(
                  [] {
                    check_axes({{"thread", {"1"}}});
                  },
                  bad),
              HasSubstr("unknown axis 'thread'; did you mean threads"));
  EXPECT_THAT(refusal(
                  [] {
                    check_axes({{"backend", {"ort", "openvin"}}});
                  },
                  bad),
              HasSubstr("did you mean openvino?"));
  for (const char* threads : {"0", "-1", "2.5", "many", "", "99999", "01"})
    EXPECT_THAT(refusal(
                    [&] {
                      check_axes({{"threads", {threads}}});
                    },
                    bad),
                HasSubstr("is not a positive number"));
  EXPECT_NO_THROW(check_axes({{"threads", {"1", "64"}}, {"precision", {"int8-static"}}}));
}

TEST(Grid, gives_layers_back_to_float_only_where_asked) {
  Asked asked{{"precision", {"int8-static"}},
              {"backend", {"ort"}},
              {"form", {"ort"}},
              {"threads", {"1"}},
              {"graph-level", {"all"}},
              {"float-layers", {"0", "4"}}};
  std::set<std::string> found = names(expand_grid(facts(), asked, false));
  EXPECT_EQ(found.count("int8-static(ort) · ort · f32 · all · 1 thread"), 1U);
  EXPECT_EQ(found.count("int8-static(ort, 4 layers in FP32) · ort · f32 · all · 1 thread"), 1U);
  EXPECT_EQ(found.size(), 3U);  // and the baseline
}

TEST(Axes, are_each_applied_by_a_row_of_the_table) {
  Variant variant;
  for (const Axis& axis : axes()) {
    std::string value = axis.name == "precision" ? "int8-static"
                        : axis.name == "device"  ? "GPU"
                        : axis.known.empty()     ? "3"
                                                 : axis.known.front();
    axis.apply(variant, value, facts().parent, facts().place);
  }
  EXPECT_EQ(variant.recipe.back().params.at("for"), "ort");
  EXPECT_EQ(variant.settings.threads, 3);
  EXPECT_EQ(variant.settings.graph_level, "disable");
}

TEST(Baseline, is_the_parent_in_the_settings_that_are_asked_for) {
  GridFacts f = facts();
  f.plan.baseline = "openvino:bf16:1";
  std::vector<Variant> variants = expand_grid(f, {}, false);
  EXPECT_EQ(variant_name(variants.front()), "original · openvino · bf16 · 1 thread");
  EXPECT_EQ(variants.size(), expand_grid(facts(), {}, false).size());
  f.plan.baseline = "ort:basic";
  EXPECT_EQ(variant_name(baseline_variant(f)), "original · ort · f32 · basic · 2 threads");
}

TEST(Baseline, may_be_a_variant_of_the_whole_grid) {
  std::vector<Variant> whole = expand_grid(facts(), {}, true);
  GridFacts f = facts();
  f.plan.baseline = whole[6].id;
  for (bool every : {true, false}) {
    std::vector<Variant> variants = expand_grid(f, {}, every);
    EXPECT_EQ(variants.front().id, "v01");
    EXPECT_EQ(variant_name(variants.front()), variant_name(whole[6]));
    EXPECT_EQ(names(variants).size(), variants.size());  // each once
    EXPECT_EQ(names(variants).count(variant_name(whole[0])), 1U);
  }
  EXPECT_EQ(names(expand_grid(f, {}, true)), names(whole));
}

TEST(Baseline, that_is_none_is_refused) {
  auto refused = [](const std::string& text, ErrorCode code) {
    GridFacts f = facts();
    f.plan.baseline = text;
    return refusal([&] { expand_grid(f, {}, false); }, code);
  };
  EXPECT_THAT(refused("openvina", ErrorCode::unavailable), HasSubstr("openvino"));
  EXPECT_THAT(refused("ort:bf16", ErrorCode::unavailable), HasSubstr("cannot do that here"));
  EXPECT_THAT(refused("ort:bf61", ErrorCode::invalid_argument), HasSubstr("bf16"));
  EXPECT_THAT(refused("openvino:all", ErrorCode::invalid_argument), HasSubstr("graph levels"));
  EXPECT_THAT(refused("v999", ErrorCode::not_found), HasSubstr("sweep --dry-run"));
}

GridFacts under_load(int cores = 4) {
  GridFacts f = facts(cores);
  f.plan.under_load = true;
  f.plan.can_calibrate = false;
  return f;
}

TEST(Grid, under_load_gives_the_cores_to_streams) {
  const std::set<std::string> found = names(expand_grid(under_load(), {}, false));
  EXPECT_EQ(found.count("fp32 · ort · f32 · all · 4 threads · 4 streams"), 1U);
  EXPECT_EQ(found.count("fp32 · ort · f32 · all · 4 threads · 1 stream"), 1U);
  EXPECT_EQ(found.count("fp32 · openvino · bf16 · 4 threads · hint throughput"), 1U);
  EXPECT_EQ(found.count("fp32 · openvino · bf16 · 4 threads · 1 stream"), 1U);
  EXPECT_EQ(found.count("fp32 · ort · f32 · all · 1 thread · 1 stream"), 0U);
  const std::set<std::string> all = names(expand_grid(under_load(), {}, true));
  EXPECT_EQ(all.count("fp32 · ort · f32 · all · 4 threads · 2 streams"), 1U);
  EXPECT_EQ(names(expand_grid(under_load(), {{"streams", {"3"}}}, false))
                .count("fp32 · ort · f32 · all · 4 threads · 3 streams"),
            1U);
}

TEST(Grid, tries_batches_of_models_that_take_them) {
  GridFacts f = under_load();
  EXPECT_THAT(refusal(
                  [&] {
                    expand_grid(f, {{"batch", {"4"}}}, false);
                  },
                  ErrorCode::unavailable),
              HasSubstr("--batch 4: the model takes one image at a time"));
  f.parent.dynamic_batch = true;
  EXPECT_EQ(names(expand_grid(f, {}, false))
                .count("fp32 · openvino · f32 · 4 threads · hint throughput · batch 4"),
            1U);
}

TEST(Grid, has_streams_only_where_several_requests_are_in_flight) {
  for (const Variant& v : expand_grid(facts(), {}, true)) EXPECT_FALSE(v.settings.streams);
  for (const char* axis : {"streams", "batch", "hint"}) {
    const std::string value = axis == std::string("hint") ? "latency" : "2";
    EXPECT_THAT(refusal(
                    [&] {
                      expand_grid(facts(), {{axis, {value}}}, false);
                    },
                    ErrorCode::unavailable),
                HasSubstr("--" + std::string(axis) + " " + value +
                          ": one request at a time is measured; give --objective throughput; "
                          "leave it out"));
  }
}

GridFacts with_gpu() {
  GridFacts f = facts();
  f.place.backends[1].devices.push_back({"GPU", "a GPU", {"f32", "f16"}});
  return f;
}

std::set<std::string> devices(const std::vector<Variant>& variants) {
  std::set<std::string> found;
  for (const Variant& v : variants) found.insert(v.settings.device);
  return found;
}

TEST(Devices, are_an_axis_whose_values_the_place_has) {
  const std::set<std::string> cpu{"CPU"}, both{"CPU", "GPU"};
  EXPECT_EQ(devices(expand_grid(with_gpu(), {}, false)), cpu) << "by itself a search stays there";
  EXPECT_EQ(devices(expand_grid(with_gpu(), {}, true)), both);
  EXPECT_EQ(devices(expand_grid(facts(), {}, true)), cpu);
  const auto asked = expand_grid(with_gpu(), {{"device", {"CPU", "GPU"}}}, false);
  EXPECT_EQ(devices(asked), both);
  EXPECT_EQ(names(asked).count("fp16 · openvino · GPU · f16 · 2 threads"), 1U);
  EXPECT_EQ(names(asked).count("fp16 · openvino · f32 · 2 threads"), 0U) << "the CPU has no f16";
  EXPECT_EQ(names(asked).count("fp32 · ort · GPU · f32 · all · 2 threads"), 0U);
}

TEST(Devices, leave_the_grid_of_one_device_as_it_is_without_the_axis) {
  EXPECT_EQ(names(expand_grid(facts(), {{"device", {"CPU"}}}, false)),
            names(expand_grid(facts(), {}, false)));
}

TEST(Devices, may_be_chosen_by_the_runtime) {
  const auto variants = expand_grid(facts(), {{"device", {"AUTO"}}}, false);
  ASSERT_GT(variants.size(), 1U);
  for (std::size_t i = 1; i < variants.size(); ++i) {
    EXPECT_EQ(variants[i].settings.device, "AUTO");
    EXPECT_EQ(variants[i].settings.backend, "openvino");
  }
  EXPECT_EQ(variants.front().settings.device, "CPU") << "of ONNX Runtime, which has providers";
}

TEST(Devices, that_the_place_lacks_are_refused) {
  EXPECT_THAT(refusal(
                  [] {
                    expand_grid(facts(), {{"device", {"GPU"}}}, false);
                  },
                  ErrorCode::unavailable),
              HasSubstr("--device GPU: nothing here can run that; see tamis doctor"));
  EXPECT_THAT(refusal(
                  [] {
                    check_axes({{"device", {"gpu"}}});
                  },
                  ErrorCode::invalid_argument),
              HasSubstr("--device: 'gpu' is no device; give CPU, GPU, NPU or AUTO"));
}

TEST(Grid, pins_to_fast_cores_where_the_place_has_some) {
  GridFacts f = facts();
  EXPECT_THAT(refusal(
                  [&] {
                    expand_grid(f, {{"pinning", {"performance"}}}, false);
                  },
                  ErrorCode::unavailable),
              HasSubstr("this CPU has only one kind of core"));
  f.place.has_fast_cores = true;
  EXPECT_NO_THROW(expand_grid(f, {{"pinning", {"performance"}}}, false));
}

TEST(Grid, names_providers_that_the_library_has) {
  GridFacts f = facts();
  f.place.backends[0].provider_steps = {
      {"cpu", true, "", ""},
      {"openvino", true, "", ""},
      {"dnnl", false, "the library was built without it", "build it"},
      {"cuda", true, "", ""}};
  const std::set<std::string> found = names(expand_grid(f, {}, false));
  EXPECT_EQ(found.count("fp32 · ort · f32 · all · provider openvino · 2 threads"), 1U);
  EXPECT_EQ(found.count("fp32 · ort · f32 · all · 2 threads"), 1U);
  EXPECT_THAT(refusal(
                  [&] {
                    expand_grid(f, {{"provider", {"dnnl"}}}, false);
                  },
                  ErrorCode::unavailable),
              HasSubstr("--provider dnnl: the library was built without it; build it"));
  EXPECT_THAT(refusal(
                  [&] {
                    expand_grid(f, {{"provider", {"cuda"}}}, false);
                  },
                  ErrorCode::unavailable),
              HasSubstr("--provider cuda: does not run on CPU"));
}

TEST(Grid, pins_threads_in_a_sweep_only) {
  for (const Variant& v : expand_grid(facts(), {}, false)) EXPECT_FALSE(v.settings.pinning);
  const std::set<std::string> all = names(expand_grid(facts(), {}, true));
  EXPECT_EQ(all.count("fp32 · openvino · f32 · 2 threads · pinning off"), 1U);
  EXPECT_EQ(all.count("fp32 · ort · f32 · all · 2 threads · pinning on"), 1U);
}

}  // namespace
}  // namespace tamis

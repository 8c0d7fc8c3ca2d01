#include "runtime/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "runtime/setting_arguments.h"

namespace tamis {
namespace {

std::string refusal(const Json& json) {
  try {
    parse_run_settings(json);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "";
}

TEST(RunSettings, come_back_from_json_unchanged) {
  RunSettings settings;
  settings.backend = "openvino";
  settings.inference_precision = "bf16";
  settings.threads = 2;
  settings.provider = "openvino";
  settings.hint = "throughput";
  settings.streams = 3;
  settings.in_flight = 4;
  settings.batch = 8;
  settings.pinning = "on";
  settings.extra = {{"NUM_STREAMS", "1"}};
  EXPECT_EQ(parse_run_settings(to_json(settings)), settings);
  EXPECT_EQ(parse_run_settings(to_json(RunSettings{})), RunSettings{});
}

TEST(RunSettings, leave_out_what_is_absent) {
  EXPECT_EQ(to_json(RunSettings{}).dump(), R"({"backend":"ort","device":"CPU"})");
}

TEST(RunSettings, refuse_unknown_keys_with_the_nearest) {
  EXPECT_EQ(refusal({{"thread", 2}}), "run settings: unknown key thread; did you mean threads?");
}

TEST(RunSettings, refuse_bad_values) {
  EXPECT_THAT(refusal({{"threads", 0}}), ::testing::HasSubstr("from 1 to 4096, got 0"));
  EXPECT_THAT(refusal({{"threads", 1.5}}), ::testing::HasSubstr("threads must be a whole number"));
  EXPECT_THAT(refusal({{"graph_level", "al"}}), ::testing::HasSubstr("did you mean all?"));
  EXPECT_THAT(refusal({{"inference_precision", "int8"}}),
              ::testing::HasSubstr("unknown inference_precision int8"));
  EXPECT_THAT(refusal({{"streams", 0}}), ::testing::HasSubstr("streams must be a whole number"));
  EXPECT_THAT(refusal({{"provider", "cudda"}}), ::testing::HasSubstr("did you mean cuda?"));
  EXPECT_THAT(refusal({{"pinning", "yes"}}), ::testing::HasSubstr("unknown pinning yes"));
  EXPECT_THAT(refusal({{"device", 3}}), ::testing::HasSubstr("device must be text, got 3"));
  EXPECT_THAT(refusal(Json::array()), ::testing::HasSubstr("must be an object"));
}

TEST(RunSettings, are_options_one_for_each_that_is_there) {
  RunSettings all;
  all.backend = "openvino";
  all.device = "GPU";
  all.inference_precision = "bf16";
  all.graph_level = "all";
  all.provider = "dnnl";
  all.threads = 3;
  all.hint = "throughput";
  all.streams = 2;
  all.in_flight = 4;
  all.batch = 8;
  all.pinning = "on";
  all.library = "/opt/a b.so";
  const std::vector<std::string> arguments = setting_arguments(all);
  const Json json = to_json(all);
  ASSERT_EQ(json.size(), 12U) << "give the new one a value here";
  ASSERT_EQ(arguments.size(), 2 * json.size());
  std::size_t i = 0;
  for (const auto& [key, value] : json.items()) {
    std::string option = "--" + key;
    std::replace(option.begin(), option.end(), '_', '-');
    EXPECT_EQ(arguments[i++], option);
    EXPECT_EQ(arguments[i++], value.is_string() ? value.get<std::string>() : value.dump());
  }
}

TEST(RunSettings, read_well) {
  RunSettings settings;
  settings.backend = "openvino";
  settings.inference_precision = "bf16";
  settings.threads = 2;
  EXPECT_EQ(to_text(settings), "openvino CPU bf16, 2 threads");
  settings.streams = 1;
  settings.batch = 4;
  settings.pinning = "off";
  settings.provider = "cpu";  // as without
  EXPECT_EQ(setting_texts(settings),
            (std::vector<std::string>{"bf16", "2 threads", "1 stream", "batch 4", "pinning off"}));
}

}  // namespace
}  // namespace tamis

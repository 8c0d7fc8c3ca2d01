#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "runtime/backend.h"

namespace tamis {
namespace {

TEST(Availability, gives_the_failed_step_as_its_reason) {
  Availability found;
  EXPECT_FALSE(found.ok());
  found.steps = {{"built", true, "x.so", ""}, {"loaded", false, "libx is missing", "install libx"}};
  EXPECT_FALSE(found.ok());
  EXPECT_EQ(found.reason(), "loaded: libx is missing; install libx");
  found.steps.pop_back();
  EXPECT_TRUE(found.ok());
  EXPECT_EQ(found.reason(), "");
}

TEST(Availability, comes_back_from_json_unchanged) {
  Availability found;
  found.backend = "ort";
  found.steps = {{"built", true, "x.so", ""}};
  found.version = "1.2";
  found.devices = {{"CPU", "a processor", {"f32", "int8"}}};
  found.providers = {"CPUExecutionProvider"};
  found.provider_steps = {{"cuda", false, "not in it", "get another"}};
  found.can.form = "ort";
  found.can.graph_levels = {"all"};
  found.can.usual_share = 0.5;
  EXPECT_EQ(to_json(parse_availability(to_json(found))), to_json(found));
}

TEST(FindBackend, knows_fake_only_when_enabled) {
  ::unsetenv("TAMIS_ENABLE_FAKE_BACKEND");
  EXPECT_THAT(backend_names(), ::testing::ElementsAre("ort", "openvino"));
  EXPECT_THROW(find_backend("fake"), Error);
  ::setenv("TAMIS_ENABLE_FAKE_BACKEND", "1", 1);
  EXPECT_THAT(backend_names(), ::testing::ElementsAre("ort", "openvino", "fake"));
  EXPECT_EQ(find_backend("fake")->name(), "fake");
  ::unsetenv("TAMIS_ENABLE_FAKE_BACKEND");
}

TEST(FindBackend, suggests_the_nearest_name) {
  try {
    find_backend("openvin");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("did you mean openvino?"));
  }
}

}  // namespace
}  // namespace tamis

#include "machine/peak.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "machine/fingerprint.h"

namespace tamis {
namespace {

TEST(Peak, is_there_for_the_instructions_that_the_cpu_has) {
  const MachinePeak peak = measure_peak(1, 0.05);
  const std::vector<std::string> isa = capture_fingerprint().isa;
  auto has = [&](const char* name) { return std::find(isa.begin(), isa.end(), name) != isa.end(); };
  EXPECT_EQ(peak.bf16.has_value(), has("avx512_bf16"));
  EXPECT_EQ(peak.f32.has_value(), has("avx512f") || has("fma"));
  EXPECT_EQ(peak.int8.has_value(), has("avx2"));
  EXPECT_GT(peak.memory_bytes_per_s, 0);
  EXPECT_EQ(peak.threads, 1);
}

TEST(Peak, survives_json_and_refuses_what_is_none) {
  MachinePeak peak;
  peak.int8 = PeakRate{8.7e11, "avx512_vnni"};
  peak.memory_bytes_per_s = 2.5e10;
  peak.threads = 2;
  EXPECT_EQ(to_json(parse_machine_peak(to_json(peak))), to_json(peak));
  EXPECT_EQ(peak_of(peak, "int8"), 8.7e11);
  EXPECT_EQ(peak_of(peak, "f32"), std::nullopt);
  EXPECT_EQ(peak_of(peak, "i64"), std::nullopt);
  EXPECT_THROW(parse_machine_peak({{"f32", 3}}), Error);
}

}  // namespace
}  // namespace tamis

#include "machine/peak_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tamis::machine {
namespace {

#if defined(__x86_64__)

/// Enough independent sums that neither latency nor the number of ports holds them up.
constexpr std::size_t kSums = 12;
/// Small, so that no sum gets infinite or denormal however long it runs.
constexpr float kFactor = 1e-3F;

// The empty asm statements: the compiler may neither leave the work out nor take it out of the
// loop.

__attribute__((target("avx512f"))) void f32_avx512(std::size_t iterations) {
  __m512 sums[kSums];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  const __m512 factor = _mm512_set1_ps(kFactor);
  for (std::size_t i = 0; i < iterations; ++i)
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(factor, factor, sum);
  for (__m512& sum : sums) asm volatile("" : "+v"(sum));
}

__attribute__((target("avx2,fma"))) void f32_avx2(std::size_t iterations) {
  __m256 sums[kSums];
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  const __m256 factor = _mm256_set1_ps(kFactor);
  for (std::size_t i = 0; i < iterations; ++i)
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(factor, factor, sum);
  for (__m256& sum : sums) asm volatile("" : "+x"(sum));
}

__attribute__((target("avx512f,avx512bf16"))) void bf16_avx512(std::size_t iterations) {
  __m512 sums[kSums];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  const __m512 wide = _mm512_set1_ps(kFactor);
  const __m512bh factor = _mm512_cvtne2ps_pbh(wide, wide);
  for (std::size_t i = 0; i < iterations; ++i)
    for (__m512& sum : sums) sum = _mm512_dpbf16_ps(sum, factor, factor);
  for (__m512& sum : sums) asm volatile("" : "+v"(sum));
}

__attribute__((target("avx512f,avx512vnni"))) void int8_avx512_vnni(std::size_t iterations) {
  __m512i sums[kSums];
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  const __m512i ones = _mm512_set1_epi8(1);
  for (std::size_t i = 0; i < iterations; ++i)
    for (__m512i& sum : sums) sum = _mm512_dpbusd_epi32(sum, ones, ones);
  for (__m512i& sum : sums) asm volatile("" : "+v"(sum));
}

__attribute__((target("avx2,avxvnni"))) void int8_avx_vnni(std::size_t iterations) {
  __m256i sums[kSums];
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  const __m256i ones = _mm256_set1_epi8(1);
  for (std::size_t i = 0; i < iterations; ++i)
    for (__m256i& sum : sums) sum = _mm256_dpbusd_avx_epi32(sum, ones, ones);
  for (__m256i& sum : sums) asm volatile("" : "+x"(sum));
}

/// Without VNNI: pairs in 16 bits, then in 32, then summed, as the runtimes do.
__attribute__((target("avx2"))) void int8_avx2(std::size_t iterations) {
  __m256i sums[kSums];
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  __m256i ones = _mm256_set1_epi8(1);
  const __m256i ones16 = _mm256_set1_epi16(1);
  for (std::size_t i = 0; i < iterations; ++i) {
    for (__m256i& sum : sums) {
      asm volatile("" : "+x"(ones));
      const __m256i pairs = _mm256_maddubs_epi16(ones, ones);
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones16));
    }
  }
  for (__m256i& sum : sums) asm volatile("" : "+x"(sum));
}

constexpr double ops(double products_per_vector) { return 2 * kSums * products_per_vector; }

#endif

}  // namespace

#if defined(__x86_64__)

const std::vector<PeakKernel>& f32_kernels() {
  static const std::vector<PeakKernel> rows{{"avx512f", f32_avx512, ops(16)},
                                            {"fma", f32_avx2, ops(8)}};
  return rows;
}

const std::vector<PeakKernel>& bf16_kernels() {
  static const std::vector<PeakKernel> rows{{"avx512_bf16", bf16_avx512, ops(32)}};
  return rows;
}

const std::vector<PeakKernel>& int8_kernels() {
  static const std::vector<PeakKernel> rows{{"avx512_vnni", int8_avx512_vnni, ops(64)},
                                            {"avx_vnni", int8_avx_vnni, ops(32)},
                                            {"avx2", int8_avx2, ops(32)}};
  return rows;
}

#else

const std::vector<PeakKernel>& f32_kernels() {
  static const std::vector<PeakKernel> none;
  return none;
}
const std::vector<PeakKernel>& bf16_kernels() { return f32_kernels(); }
const std::vector<PeakKernel>& int8_kernels() { return f32_kernels(); }

#endif

}  // namespace tamis::machine

// Preloaded into programs whose libraries ask for the CPU's features by `06 A2`, an instruction
// that does not exist, in place of CPUID (`0F A2`): masked_cpu.py makes such copies. The fault is
// answered with what CPUID says, without AVX-512, VNNI and AMX, so that the libraries take the
// kernels of a CPU that has AVX2 only. Any other illegal instruction ends the program as ever.
#include <cpuid.h>
#include <signal.h>
#include <ucontext.h>

#include <array>
#include <cstdint>
#include <initializer_list>

namespace {

using Registers = std::array<std::uint32_t, 4>;  // eax, ebx, ecx, edx

constexpr std::uint32_t bits(std::initializer_list<int> numbers) {
  std::uint32_t mask = 0;
  for (const int number : numbers) mask |= std::uint32_t{1} << number;
  return mask;
}

struct Masked {
  std::uint32_t leaf, subleaf;
  Registers hidden;
};

// Intel's Software Developer's Manual, volume 2A, CPUID.
constexpr std::array<Masked, 2> kMasked{{
    {7,
     0,
     {0, bits({16, 17, 21, 26, 27, 28, 30, 31}),  // AVX512: F, DQ, IFMA, PF, ER, CD, BW, VL
      bits({1, 6, 11, 12, 14}),                   // AVX512: VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ
      bits({2, 3, 8, 22, 23, 24, 25})}},          // 4VNNIW, 4FMAPS, VP2INTERSECT, AMX, AVX512_FP16
    {7,
     1,
     {bits({4, 5, 21, 23}),  // AVX_VNNI, AVX512_BF16, AMX_FP16, AVX_IFMA
      0, 0,                  //
      bits({4, 5, 8, 10, 19,
            21})}},  // AVX_VNNI_INT8, NE_CONVERT, AMX_COMPLEX, VNNI_INT16, AVX10, APX
}};

Registers masked_cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
  Registers r{};
  __cpuid_count(leaf, subleaf, r[0], r[1], r[2], r[3]);
  for (const Masked& row : kMasked) {
    if (row.leaf != leaf || row.subleaf != subleaf) continue;
    for (std::size_t i = 0; i < r.size(); ++i) r[i] &= ~row.hidden[i];
  }
  return r;
}

/// Returns to the same instruction, which then ends the program.
void leave_to_the_system() { signal(SIGILL, SIG_DFL); }

void on_illegal_instruction(int, siginfo_t*, void* context) {
  auto* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* const at = reinterpret_cast<const std::uint8_t*>(registers[REG_RIP]);
  if (at[0] != 0x06 || at[1] != 0xA2) return leave_to_the_system();
  const Registers r = masked_cpuid(static_cast<std::uint32_t>(registers[REG_RAX]),
                                   static_cast<std::uint32_t>(registers[REG_RCX]));
  registers[REG_RAX] = r[0], registers[REG_RBX] = r[1];
  registers[REG_RCX] = r[2], registers[REG_RDX] = r[3];
  registers[REG_RIP] += 2;
}

__attribute__((constructor)) void install() {
  struct sigaction action {};
  action.sa_sigaction = on_illegal_instruction;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGILL, &action, nullptr);
}

}  // namespace

#include "recipe/weight_bits.h"

#include <algorithm>

#include "base/error.h"
#include "base/units.h"

namespace tamis {

WeightChoice choose_weight_bits(const std::string& asked, const Fingerprint& machine) {
  if (asked == "7") return {7, "s8 7-bit as asked for"};
  if (asked == "8") return {8, "s8 8-bit as asked for"};
  if (asked != "auto")
    throw Error(ErrorCode::invalid_argument, "weight bits: unknown value '" + asked + "'; " +
                                                 suggest(asked, {"auto", "7", "8"}));
  const auto has = [&](const char* name) {
    return std::find(machine.isa.begin(), machine.isa.end(), name) != machine.isa.end();
  };
  const bool x86 = machine.architecture == "x86_64";
  if (!x86 || has("avx512_vnni") || has("avx_vnni") || has("amx_int8")) return {8, "s8 8-bit"};
  return {7,
          "s8 7-bit because this CPU has no VNNI: its kernels add pairs of products in 16 bits, "
          "which 8-bit weights saturate"};
}

}  // namespace tamis

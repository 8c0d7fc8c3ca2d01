#pragma once

#include <string>

#include "machine/fingerprint.h"

namespace tamis {

/// How many bits an s8 weight uses, and why, for people.
struct WeightChoice {
  int bits = 8;
  std::string text;  ///< "s8 7-bit because this CPU has no VNNI: …"
};

/// `asked`: "7", "8" or "auto". An x86 CPU without VNNI multiplies u8 by s8 with an instruction
/// (vpmaddubsw) that adds pairs of products in 16 bits and saturates; with weights of 7 bits it
/// cannot. So auto is 7 there and 8 elsewhere. Throws invalid_argument.
WeightChoice choose_weight_bits(const std::string& asked, const Fingerprint& machine);

}  // namespace tamis

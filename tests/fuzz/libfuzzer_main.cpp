#include <cstddef>
#include <cstdint>

#include "fuzz/parsers.h"

/// One program per parser: TAMIS_FUZZ_PARSER names it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tamis::fuzz::Parser& parser = *tamis::fuzz::find_parser(TAMIS_FUZZ_PARSER);
  take_or_refuse(parser, std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}

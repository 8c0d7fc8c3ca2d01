#include "base/hash.h"

#include <xxhash.h>

#include <memory>

#include "base/files.h"

namespace tamis {
namespace {

std::string to_hex(XXH128_hash_t hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : canonical.digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

std::string hash_text(std::string_view text) {
  return to_hex(XXH3_128bits(text.data(), text.size()));
}

std::string hash_bytes(std::span<const std::uint8_t> bytes) {
  return to_hex(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string hash_file(const std::filesystem::path& file) {
  const InputFile in(file, kAnyFile);
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(),
                                                                        &XXH3_freeState);
  XXH3_128bits_reset(state.get());
  in.for_each_piece([&](std::span<const std::uint8_t> piece) {
    XXH3_128bits_update(state.get(), piece.data(), piece.size());
  });
  return to_hex(XXH3_128bits_digest(state.get()));
}

}  // namespace tamis

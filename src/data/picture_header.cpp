#include "data/picture_header.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace tamis {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kFirstPart = 64 * 1024;
constexpr std::array<std::string_view, 9> kExtensions{".jpg", ".jpeg", ".png", ".bmp", ".webp",
                                                      ".tif", ".tiff", ".ppm", ".pgm"};

/// Bounds are the caller's affair: every caller checks `has` first.
bool has(Bytes b, std::size_t at, std::size_t count) {
  return at <= b.size() && count <= b.size() - at;
}
std::uint32_t big(Bytes b, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | b[at + static_cast<std::size_t>(i)];
  return value;
}
std::uint32_t little(Bytes b, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = count; i-- > 0;) value = value << 8 | b[at + static_cast<std::size_t>(i)];
  return value;
}
bool starts(Bytes b, std::size_t at, std::string_view text) {
  return has(b, at, text.size()) &&
         std::equal(text.begin(), text.end(), b.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char c, std::uint8_t u) { return static_cast<std::uint8_t>(c) == u; });
}

int clamp_side(std::uint32_t side) {
  return static_cast<int>(std::min<std::uint32_t>(side, 0x7fffffffu));
}
PictureHeader header(const char* format, std::uint32_t width, std::uint32_t height) {
  PictureHeader result;
  result.format = format;
  result.stored = {clamp_side(height), clamp_side(width)};
  return result;
}

/// The value of a SHORT or LONG entry of the first directory of a TIFF structure (EXIF is one).
std::optional<std::uint32_t> tiff_entry(Bytes b, std::uint32_t tag) {
  bool is_little = starts(b, 0, "II");
  if (!has(b, 0, 8) || (!is_little && !starts(b, 0, "MM"))) return std::nullopt;
  auto read = [&](std::size_t at, int count) {
    return is_little ? little(b, at, count) : big(b, at, count);
  };
  if (read(2, 2) != 42) return std::nullopt;
  std::size_t at = read(4, 4);
  if (!has(b, at, 2)) return std::nullopt;
  std::uint32_t entries = read(at, 2);
  at += 2;
  for (std::uint32_t i = 0; i < entries && has(b, at, 12); ++i, at += 12) {
    if (read(at, 2) != tag) continue;
    std::uint32_t type = read(at + 2, 2);
    if (type == 3) return read(at + 8, 2);
    if (type == 4) return read(at + 8, 4);
    return std::nullopt;
  }
  return std::nullopt;
}

int exif_orientation(Bytes tiff) {
  std::uint32_t value = tiff_entry(tiff, 0x0112).value_or(1);
  return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

bool is_frame_start(std::uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}
bool has_no_length(std::uint8_t marker) {
  return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
}

std::optional<PictureHeader> parse_jpeg(Bytes b) {
  if (!starts(b, 0, "\xFF\xD8")) return std::nullopt;
  int orientation = 1;
  for (std::size_t at = 2; has(b, at, 4);) {
    if (b[at] != 0xFF || b[at + 1] == 0xFF || b[at + 1] == 0) {
      ++at;
      continue;
    }
    std::uint8_t marker = b[at + 1];
    at += 2;
    if (has_no_length(marker)) continue;
    if (marker == 0xD9 || marker == 0xDA) return std::nullopt;
    std::size_t length = big(b, at, 2);
    if (length < 2) return std::nullopt;
    if (is_frame_start(marker)) {
      if (!has(b, at, 7)) return std::nullopt;
      PictureHeader result = header("jpeg", big(b, at + 5, 2), big(b, at + 3, 2));
      result.orientation = orientation;
      return result;
    }
    if (marker == 0xE1 && length >= 8 && has(b, at, length) &&
        starts(b, at + 2, std::string_view("Exif\0\0", 6)))
      orientation = exif_orientation(b.subspan(at + 8, length - 8));
    at += length;
  }
  return std::nullopt;
}

std::optional<PictureHeader> parse_png(Bytes b) {
  if (!starts(b, 0, std::string_view("\x89PNG\r\n\x1a\n", 8)) || !starts(b, 12, "IHDR") ||
      !has(b, 16, 8))
    return std::nullopt;
  PictureHeader result = header("png", big(b, 16, 4), big(b, 20, 4));
  for (std::size_t at = 8; has(b, at, 8);) {
    std::size_t length = big(b, at, 4);
    if (starts(b, at + 4, "IDAT")) return result;
    if (!has(b, at + 8, length)) return std::nullopt;
    if (starts(b, at + 4, "eXIf")) result.orientation = exif_orientation(b.subspan(at + 8, length));
    at += length + 12;
  }
  return std::nullopt;
}

std::optional<PictureHeader> parse_bmp(Bytes b) {
  if (!starts(b, 0, "BM") || !has(b, 14, 12)) return std::nullopt;
  if (little(b, 14, 4) == 12) return header("bmp", little(b, 18, 2), little(b, 20, 2));
  std::int64_t height = static_cast<std::int32_t>(little(b, 22, 4));  // negative = top to bottom
  return header("bmp", little(b, 18, 4), static_cast<std::uint32_t>(height < 0 ? -height : height));
}

std::optional<PictureHeader> parse_webp(Bytes b) {
  if (!starts(b, 0, "RIFF") || !starts(b, 8, "WEBP") || !has(b, 20, 10)) return std::nullopt;
  if (starts(b, 12, "VP8X")) return header("webp", little(b, 24, 3) + 1, little(b, 27, 3) + 1);
  if (starts(b, 12, "VP8L")) {
    std::uint32_t bits = little(b, 21, 4);
    return header("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1);
  }
  if (starts(b, 12, "VP8 "))
    return header("webp", little(b, 26, 2) & 0x3FFF, little(b, 28, 2) & 0x3FFF);
  return std::nullopt;
}

/// The next number of a PNM header, past white space and comments.
std::optional<std::uint32_t> pnm_number(Bytes b, std::size_t& at) {
  while (at < b.size() && (std::isspace(b[at]) || b[at] == '#')) {
    if (b[at] == '#')
      while (at < b.size() && b[at] != '\n') ++at;
    else
      ++at;
  }
  std::uint32_t value = 0;
  std::size_t start = at;
  while (at < b.size() && std::isdigit(b[at]) && at - start < 9)
    value = value * 10 + (b[at++] - '0');
  if (at == start || at == b.size()) return std::nullopt;
  return value;
}

std::optional<PictureHeader> parse_pnm(Bytes b) {
  if (!has(b, 0, 3) || b[0] != 'P' || b[1] < '1' || b[1] > '6') return std::nullopt;
  std::size_t at = 2;
  auto width = pnm_number(b, at);
  auto height = width ? pnm_number(b, at) : std::nullopt;
  if (!height) return std::nullopt;
  return header("pnm", *width, *height);
}

std::optional<PictureHeader> parse_tiff(Bytes b) {
  auto width = tiff_entry(b, 256);
  auto height = tiff_entry(b, 257);
  if (!width || !height) return std::nullopt;
  return header("tiff", *width, *height);
}

}  // namespace

Size PictureHeader::upright() const {
  return orientation >= 5 ? Size{stored.width, stored.height} : stored;
}

std::optional<PictureHeader> parse_picture_header(Bytes bytes) {
  for (auto parse : {parse_jpeg, parse_png, parse_bmp, parse_webp, parse_pnm, parse_tiff})
    if (auto found = parse(bytes)) return found;
  return std::nullopt;
}

std::optional<PictureHeader> probe_picture_header(const std::filesystem::path& file) {
  try {
    const InputFile in(file, kImageFile);
    std::vector<std::uint8_t> part(kFirstPart);
    part.resize(in.read_start(part));
    if (auto found = parse_picture_header(part)) return found;
    if (part.size() < kFirstPart) return std::nullopt;
    return parse_picture_header(in.bytes());
  } catch (const Error&) {
    return std::nullopt;  // the reader of the picture itself reports why
  }
}

std::optional<PictureHeader> probe_sane_header(const std::filesystem::path& file) {
  auto header = probe_picture_header(file);
  if (!header || header->stored.height < 1 || header->stored.width < 1 ||
      std::int64_t{header->stored.height} * header->stored.width > kMaxPicturePixels)
    return std::nullopt;
  return header;
}

bool is_picture_name(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

}  // namespace tamis

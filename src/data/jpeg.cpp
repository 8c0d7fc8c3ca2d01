#include "data/jpeg.h"

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <new>
#include <vector>

// libjpeg's headers need stdio first.
#include <jpeglib.h>
// After jpeglib.h.
#include <jerror.h>

namespace tamis {
namespace {

/// libjpeg reports through callbacks; errors leave by longjmp, as its documentation asks.
struct ErrorState {
  jpeg_error_mgr manager;  // first: libjpeg hands back a pointer to it
  std::jmp_buf escape;
  bool damaged = false;
  char reason[JMSG_LENGTH_MAX] = {};
};

ErrorState& state_of(j_common_ptr info) { return *reinterpret_cast<ErrorState*>(info->err); }

void on_error(j_common_ptr info) {
  ErrorState& state = state_of(info);
  info->err->format_message(info, state.reason);
  std::longjmp(state.escape, 1);
}

/// Warnings that mean lost picture data. Others (unknown JFIF revision, stray bytes between
/// segments) leave the picture whole.
bool loses_data(int code) {
  switch (code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_NOT_SEQUENTIAL:
      return true;
    default:
      return false;
  }
}

void on_message(j_common_ptr info, int level) {
  ErrorState& state = state_of(info);
  if (level >= 0 || state.damaged || !loses_data(info->err->msg_code)) return;
  state.damaged = true;
  info->err->format_message(info, state.reason);
}

void print_nothing(j_common_ptr) {}

std::uint8_t luma(int r, int g, int b) {
  return static_cast<std::uint8_t>((r * 4899 + g * 9617 + b * 1868 + 8192) >> 14);
}

/// Adobe's inverted CMYK, the formula of OpenCV's decoder.
void convert_cmyk_row(const std::uint8_t* from, std::uint8_t* to, int width, bool grey) {
  for (int x = 0; x < width; ++x, from += 4) {
    int k = from[3];
    int r = k - ((255 - from[0]) * k >> 8);
    int g = k - ((255 - from[1]) * k >> 8);
    int b = k - ((255 - from[2]) * k >> 8);
    if (grey) {
      *to++ = luma(r, g, b);
      continue;
    }
    *to++ = static_cast<std::uint8_t>(r);
    *to++ = static_cast<std::uint8_t>(g);
    *to++ = static_cast<std::uint8_t>(b);
  }
}

void prepare(jpeg_decompress_struct& info, std::span<const std::uint8_t> bytes, bool grey) {
  jpeg_mem_src(&info, bytes.data(), static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&info, TRUE);
  if (info.num_components == 4)
    info.out_color_space = JCS_CMYK;
  else
    info.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&info);
}

void read_rows(jpeg_decompress_struct& info, std::uint8_t* pixels, std::uint8_t* cmyk, bool grey) {
  std::size_t stride = static_cast<std::size_t>(info.output_width) * (grey ? 1 : 3);
  while (info.output_scanline < info.output_height) {
    std::uint8_t* to = pixels + stride * info.output_scanline;
    JSAMPROW row = cmyk != nullptr ? cmyk : to;
    jpeg_read_scanlines(&info, &row, 1);
    if (cmyk != nullptr) convert_cmyk_row(cmyk, to, static_cast<int>(info.output_width), grey);
  }
}

/// What must outlive a longjmp: it lies in the caller of the function that calls setjmp.
struct Decoding {
  jpeg_decompress_struct info{};
  ErrorState state{};
  std::vector<std::uint8_t> cmyk;  // one row
};

enum class Decoded { whole, no_room, failed };

/// Nothing may be thrown past libjpeg's state.
bool make_room(Decoding& d, bool grey, Picture& picture) {
  const std::size_t width = d.info.output_width, height = d.info.output_height;
  picture.height = static_cast<int>(height);
  picture.width = static_cast<int>(width);
  picture.channels = grey ? 1 : 3;
  try {
    if (d.info.out_color_space == JCS_CMYK) d.cmyk.resize(width * 4);
    picture.pixels.resize(height * width * (grey ? 1 : 3));
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

Decoded decode(Decoding& d, std::span<const std::uint8_t> bytes, bool grey, Picture& picture) {
  if (setjmp(d.state.escape) != 0) return Decoded::failed;
  jpeg_create_decompress(&d.info);
  prepare(d.info, bytes, grey);
  if (!make_room(d, grey, picture)) return Decoded::no_room;
  read_rows(d.info, picture.pixels.data(), d.cmyk.empty() ? nullptr : d.cmyk.data(), grey);
  jpeg_finish_decompress(&d.info);
  return Decoded::whole;
}

}  // namespace

std::string decode_jpeg(std::span<const std::uint8_t> bytes, bool grey, Picture& picture) {
  Decoding d;
  d.info.err = jpeg_std_error(&d.state.manager);
  d.state.manager.error_exit = on_error;
  d.state.manager.emit_message = on_message;
  d.state.manager.output_message = print_nothing;
  Decoded decoded = decode(d, bytes, grey, picture);
  jpeg_destroy_decompress(&d.info);
  if (decoded == Decoded::no_room) return "no memory for its pixels";
  return decoded == Decoded::failed || d.state.damaged ? d.state.reason : "";
}

}  // namespace tamis

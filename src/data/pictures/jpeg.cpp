#include "data/pictures/jpeg.h"

#include <csetjmp>
#include <cstddef>
#include <cstdio>
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

}  // namespace

std::string decode_jpeg(std::span<const std::uint8_t> bytes, bool grey, TamisPictureRoom room,
                        void* context) {
  jpeg_decompress_struct info{};
  ErrorState state{};
  info.err = jpeg_std_error(&state.manager);
  state.manager.error_exit = on_error;
  state.manager.emit_message = on_message;
  state.manager.output_message = print_nothing;
  std::vector<std::uint8_t> cmyk;  // declared before setjmp, so that longjmp skips no destructor
  if (setjmp(state.escape) != 0) {
    jpeg_destroy_decompress(&info);
    return state.reason;
  }
  jpeg_create_decompress(&info);
  prepare(info, bytes, grey);
  if (info.out_color_space == JCS_CMYK) cmyk.resize(std::size_t{info.output_width} * 4);
  std::uint8_t* pixels = room(context, static_cast<int>(info.output_height),
                              static_cast<int>(info.output_width), grey ? 1 : 3);
  if (pixels != nullptr) {
    read_rows(info, pixels, cmyk.empty() ? nullptr : cmyk.data(), grey);
    jpeg_finish_decompress(&info);
  }
  jpeg_destroy_decompress(&info);
  if (pixels == nullptr) return "no memory for its pixels";
  return state.damaged ? state.reason : "";
}

}  // namespace tamis

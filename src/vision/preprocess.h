#pragma once

#include <vector>

#include "base/picture.h"
#include "base/tensor.h"

namespace tamis {

/// Pillow's antialiased bilinear (what torchvision's Resize does on pictures). Within 1 grey level
/// of Pillow.
Picture resize_antialiased(const Picture& picture, Size size);

/// Ultralytics' LetterBox(auto=False, scaleup=True, center=True): keeps the aspect ratio, bilinear
/// without antialiasing (cv2.resize INTER_LINEAR), border of grey level `pad`. Rounding as there:
/// new size = round(side * ratio), top/left = round(half − 0.1).
Picture letterbox(const Picture& picture, Size size, int pad, Placement& placement);

/// YOLOX's preproc (data/data_augment.py): as letterbox, but the picture lies in the top left
/// corner, its sides are cut to whole pixels, int(side * ratio), and the border is to the right and
/// below.
Picture letterbox_top_left(const Picture& picture, Size size, int pad, Placement& placement);

/// torchvision Resize(short_side) + CenterCrop(size): the long side is int(short_side * long /
/// short), crop offset int(round((h − H) / 2.0)).
Picture center_crop(const Picture& picture, int short_side, Size size, Placement& placement);

/// resize_antialiased to exactly `size`.
Picture stretch(const Picture& picture, Size size, Placement& placement);

/// x = (pixel / scale − mean) / std, HWC u8 → NCHW or NHWC, f32 or u8 (then no arithmetic), written
/// into image n of `out`. Channels: picture's RGB are swapped when bgr; gray is 0.299 R + 0.587 G +
/// 0.114 B. mean, std: one value per channel of `out`.
struct Normalisation {
  bool bgr = false;
  double scale = 255;
  std::vector<double> mean, std;
  bool channels_last = false;  ///< `out` is NHWC
};
void normalise(const Picture& picture, const Normalisation& how, Tensor& out, int n = 0);

/// 3 → 1 channel and 1 → 3 (repeated) where the model asks for it.
Picture with_channels(const Picture& picture, int channels);

}  // namespace tamis

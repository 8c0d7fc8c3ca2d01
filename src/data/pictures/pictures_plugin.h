#pragma once

#include "data/pictures/pictures_abi.h"

namespace tamis {

/// The functions of the plugin tamis-pictures.so, opened when first asked for and kept. Internal to
/// data/. Safe from any thread.
struct PicturesPlugin {
  TamisPicturesDecode decode;
  TamisPicturesEncode encode;
};

/// Throws unavailable where the plugin is missing or of another build.
const PicturesPlugin& pictures_plugin();

}  // namespace tamis

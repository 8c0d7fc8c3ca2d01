#include "data/pictures/pictures_plugin.h"

#include <string>

#include "base/error.h"
#include "base/plugin.h"

namespace tamis {
namespace {

PicturesPlugin load() {
  PluginLibrary library = PluginLibrary::open_plugin("pictures");
  int abi = library.function<TamisPicturesAbi>("tamis_pictures_abi")();
  if (abi != kTamisPicturesAbi)
    throw Error(ErrorCode::unavailable, "load " + library.file().string() +
                                            ": is of interface version " + std::to_string(abi) +
                                            ", needed is " + std::to_string(kTamisPicturesAbi) +
                                            "; rebuild it together with the program");
  return {library.function<TamisPicturesDecode>("tamis_pictures_decode"),
          library.function<TamisPicturesEncode>("tamis_pictures_encode")};
}

}  // namespace

const PicturesPlugin& pictures_plugin() {
  static const PicturesPlugin loaded = load();
  return loaded;
}

}  // namespace tamis

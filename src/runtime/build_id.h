#pragma once

namespace tamis {

/// Names the build: version and compiler. A plugin and the program that loads it must agree, since
/// both hold code of base/ (JSON keys, element types).
#define TAMIS_BUILD_ID TAMIS_VERSION_TEXT " g++ " __VERSION__

}  // namespace tamis

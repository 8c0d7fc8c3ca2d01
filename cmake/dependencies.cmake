# Finds what scripts/setup.sh installed. Debian packages come from the system; what is not packaged
# lies under TAMIS_DEPS_DIR, a folder per name and version. Heavy ones are imported per target, so a
# library links only what it names in LINK.
find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-cpp)
find_package(ZLIB REQUIRED)
find_package(JPEG REQUIRED)

# OpenCV module by module: its CMake files are in the package libopencv-dev, which draws in GTK and VTK.
find_path(TAMIS_OPENCV_HEADERS opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
function(tamis_find_opencv module)
  find_library(TAMIS_OPENCV_${module} opencv_${module} REQUIRED)
  add_library(opencv_${module} SHARED IMPORTED GLOBAL)
  set_target_properties(opencv_${module} PROPERTIES IMPORTED_LOCATION ${TAMIS_OPENCV_${module}}
    INTERFACE_INCLUDE_DIRECTORIES ${TAMIS_OPENCV_HEADERS})
  target_link_libraries(opencv_${module} INTERFACE ${ARGN})
endfunction()
tamis_find_opencv(core)
tamis_find_opencv(imgproc opencv_core)
tamis_find_opencv(imgcodecs opencv_imgproc)

find_package(Protobuf REQUIRED)
set(TAMIS_ONNX_DIR ${TAMIS_DEPS_DIR}/onnx-${TAMIS_ONNX_VERSION})
set(TAMIS_ONNXRUNTIME_DIR ${TAMIS_DEPS_DIR}/onnxruntime-${TAMIS_ONNXRUNTIME_VERSION})
set(TAMIS_ONNXRUNTIME_HEADERS
  ${TAMIS_DEPS_DIR}/onnxruntime-headers-${TAMIS_ONNXRUNTIME_HEADERS_VERSION}/onnxruntime)
set(TAMIS_OPENVINO_DIR ${TAMIS_DEPS_DIR}/openvino-${TAMIS_OPENVINO_VERSION})
foreach(folder IN ITEMS ${TAMIS_ONNX_DIR} ${TAMIS_ONNXRUNTIME_DIR} ${TAMIS_ONNXRUNTIME_HEADERS} ${TAMIS_OPENVINO_DIR})
  if(NOT IS_DIRECTORY ${folder})
    message(FATAL_ERROR "${folder} is missing; run scripts/setup.sh (or set TAMIS_DEPS_DIR)")
  endif()
endforeach()

# The libraries' files, for those that open them at run time.
file(GLOB TAMIS_ONNXRUNTIME_LIBRARY ${TAMIS_ONNXRUNTIME_DIR}/onnxruntime/capi/libonnxruntime.so.*)
file(GLOB TAMIS_OPENVINO_LIBRARY ${TAMIS_OPENVINO_DIR}/openvino/libs/libopenvino_c.so.*)

# tamis_onnx: libonnx.a with Debian's protobuf (target names and definitions are ONNX's own export).
find_package(ONNX ${TAMIS_ONNX_VERSION} EXACT REQUIRED CONFIG PATHS ${TAMIS_ONNX_DIR} NO_DEFAULT_PATH)
add_library(tamis_onnx INTERFACE)
target_link_libraries(tamis_onnx INTERFACE ONNX::onnx protobuf::libprotobuf)

# Headers only: both runtimes are opened at run time.
add_library(tamis_onnxruntime_headers INTERFACE)
target_include_directories(tamis_onnxruntime_headers SYSTEM INTERFACE ${TAMIS_ONNXRUNTIME_HEADERS})
add_library(tamis_openvino_headers INTERFACE)
target_include_directories(tamis_openvino_headers SYSTEM INTERFACE ${TAMIS_OPENVINO_DIR}/openvino/include)

# Where scripts/setup.sh --test put the packages that referee tests run (a PYTHONPATH for TAMIS_PYTHON).
set(TAMIS_PYTHON /usr/bin/python3)
execute_process(COMMAND ${TAMIS_PYTHON} -c "import sys; print('%d.%d' % sys.version_info[:2])"
  OUTPUT_VARIABLE python_version OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(SHA256 wheels_hash "${TAMIS_REFEREE_WHEELS}")
string(SUBSTRING ${wheels_hash} 0 12 wheels_hash)
set(TAMIS_REFEREE_DIR ${TAMIS_DEPS_DIR}/referee-py${python_version}-${wheels_hash})

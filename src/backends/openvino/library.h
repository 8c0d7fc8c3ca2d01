#pragma once

#include <openvino/c/openvino.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "runtime/plugin_side.h"

namespace tamis::openvino {

/// Every function of OpenVINO's C API that is called, once. All are looked up when the library is
/// opened.
#define TAMIS_OPENVINO_SYMBOLS(X)                \
  X(ov_get_openvino_version)                     \
  X(ov_version_free)                             \
  X(ov_get_error_info)                           \
  X(ov_get_last_err_msg)                         \
  X(ov_free)                                     \
  X(ov_core_create)                              \
  X(ov_core_free)                                \
  X(ov_core_get_available_devices)               \
  X(ov_available_devices_free)                   \
  X(ov_core_get_property)                        \
  X(ov_core_read_model)                          \
  X(ov_core_compile_model)                       \
  X(ov_model_free)                               \
  X(ov_model_inputs_size)                        \
  X(ov_model_outputs_size)                       \
  X(ov_model_const_input_by_index)               \
  X(ov_model_const_output_by_index)              \
  X(ov_model_reshape_by_port_indexes)            \
  X(ov_port_get_any_name)                        \
  X(ov_port_get_element_type)                    \
  X(ov_port_get_partial_shape)                   \
  X(ov_output_const_port_free)                   \
  X(ov_partial_shape_create_static)              \
  X(ov_partial_shape_free)                       \
  X(ov_shape_free)                               \
  X(ov_compiled_model_free)                      \
  X(ov_compiled_model_get_property)              \
  X(ov_compiled_model_create_infer_request)      \
  X(ov_compiled_model_export_model)              \
  X(ov_infer_request_free)                       \
  X(ov_infer_request_infer)                      \
  X(ov_infer_request_start_async)                \
  X(ov_infer_request_wait)                       \
  X(ov_infer_request_set_input_tensor_by_index)  \
  X(ov_infer_request_set_output_tensor_by_index) \
  X(ov_infer_request_get_output_tensor_by_index) \
  X(ov_infer_request_get_profiling_info)         \
  X(ov_profiling_info_list_free)                 \
  X(ov_tensor_create_from_host_ptr)              \
  X(ov_tensor_get_shape)                         \
  X(ov_tensor_free)

/// OpenVINO, opened: its functions under their own names, and the one core.
struct Library {
#define TAMIS_MEMBER(name) decltype(&::name) name = nullptr;
  TAMIS_OPENVINO_SYMBOLS(TAMIS_MEMBER)
#undef TAMIS_MEMBER
  ov_core_t* core = nullptr;
  std::string version;
  std::string file;
};

/// Opens the library that the settings and the search rule lead to; the first one wins for the
/// process's life. Steps library_found, loaded and version are appended. Throws unavailable. Thread
/// safe.
const Library& open_library(const RunSettings& settings, std::vector<ProbeStep>& steps);

/// OpenVINO's words on its last failure in this thread, in one line.
std::string last_message(const Library& library, ov_status_e status);

/// Throws Error(code) with OpenVINO's words, prefixed by `operation`; nothing when the status is
/// OK.
void check(const Library& library, ov_status_e status, const char* operation,
           ErrorCode code = ErrorCode::backend_failed);

/// The devices of the core with their capabilities.
std::vector<DeviceInfo> list_devices(const Library& library);

/// Text that OpenVINO allocated; freed.
std::string take_text(const Library& library, char* text);

}  // namespace tamis::openvino

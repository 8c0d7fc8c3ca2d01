#pragma once

#include <stdint.h>

/// The C edge between Tamis and a backend plugin (build/…/plugins/tamis-NAME.so). No exception and
/// no ownership crosses it: text goes out through a sink, tensors are the caller's memory. Numbers
/// are fixed; adding a field raises TAMIS_PLUGIN_ABI.
extern "C" {

#define TAMIS_PLUGIN_ABI 3

typedef void (*tamis_text_sink)(void* user, const char* text, uint64_t bytes);

/// A tensor in the caller's memory. `type` is tamis::DataType, `memory` tamis::MemoryKind.
struct tamis_tensor {
  const char* name;
  int32_t type;
  int32_t rank;
  int64_t dims[8];
  void* data;
  uint64_t bytes;
  int32_t memory;
};

struct tamis_session;  // opaque, the plugin's

/// Status of every call: 0 = ok, else 1 + tamis::ErrorCode, and the error text went to `error`.
struct tamis_plugin {
  uint32_t abi;          ///< TAMIS_PLUGIN_ABI, always the first field
  const char* build_id;  ///< TAMIS_BUILD_ID of the plugin's build; must equal the host's
  const char* name;      ///< "ort"

  /// Never fails: sends a JSON object {steps: [{name, ok, detail, remedy}], version, library,
  /// devices: [{name, full_name, capabilities: […]}], providers: […],
  /// can: Capabilities} to `out`. `settings_json` is
  /// RunSettings. Steps in order: library_found, loaded, version, devices. (built, smallest_model
  /// and reference are the host's.) A failed step is the last one.
  void (*probe)(const char* settings_json, void* user, tamis_text_sink out);

  /// Opens and compiles a model. `request_json`: {model, settings, input_shapes: [[…]] | [],
  /// profile: bool, lean: bool, keep_open: bool, rests: bool, engine_cache: "folder" | "",
  /// dump: "folder" | ""}.
  int32_t (*open)(const char* request_json, tamis_session** session, void* user,
                  tamis_text_sink error);
  void (*close)(tamis_session* session);

  /// JSON {inputs: [{name, type, shape}], outputs: […] (all concrete), load_ms, compile_ms,
  /// effective: {device, precision, threads, streams, requests, graph_level, …, sources: {…: where
  /// each was read}}; null where the runtime does not say. `requests`: how many in flight keep it
  /// busy. offers: ["profile", "another", "start", "export_engine"], those of these that this
  /// session can do}.
  void (*describe)(tamis_session* session, void* user, tamis_text_sink out);

  /// One inference, synchronous, on the caller's buffers. When a call's pointers equal the last
  /// call's, nothing is bound again. The hot path: no allocation of ours. Unsupported where a
  /// tensor lies in memory that the session does not read.
  int32_t (*run)(tamis_session* session, const tamis_tensor* inputs, uint32_t input_count,
                 const tamis_tensor* outputs, uint32_t output_count, void* user,
                 tamis_text_sink error);

  // What follows gives unsupported for a session that does not offer it.

  /// Sends JSON [{name, type, precision, us}, …] of the last run to `out`.
  int32_t (*profile)(tamis_session* session, void* user, tamis_text_sink out,
                     tamis_text_sink error);

  /// Another session on what `session` compiled, for a thread of its own beside it: a request more
  /// that may be in flight. It describes itself as `session` does, and may outlive it.
  int32_t (*another)(tamis_session* session, tamis_session** other, void* user,
                     tamis_text_sink error);

  /// `run` that comes back before it is done; the buffers stay as they are until `wait`, which
  /// waits for it, is back. One is in flight at a time, and `close` comes after its `wait`: the
  /// host sees to both.
  int32_t (*start)(tamis_session* session, const tamis_tensor* inputs, uint32_t input_count,
                   const tamis_tensor* outputs, uint32_t output_count, void* user,
                   tamis_text_sink error);
  int32_t (*wait)(tamis_session* session, void* user, tamis_text_sink error);

  /// Writes the compiled model to `file`.
  int32_t (*export_engine)(tamis_session* session, const char* file, void* user,
                           tamis_text_sink error);
};

/// The one exported symbol.
typedef const tamis_plugin* (*tamis_plugin_entry_fn)(void);
#define TAMIS_PLUGIN_ENTRY "tamis_plugin_entry"

}  // extern "C"

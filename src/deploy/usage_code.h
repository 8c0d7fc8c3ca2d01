#pragma once

namespace tamis {

/// Code for USING.md. Words between @ signs are replaced by usage.cpp.
struct UsageCode {
  const char* python_session;  ///< opens the model, gives run(x) → list of arrays
  const char* cpp;             ///< a whole program
  const char* cpp_build;       ///< how to compile it
  const char* python_packages;
  const char* cpp_half;  ///< the runtime's own type of an f16 element
};

extern const UsageCode kOrtUsage;
extern const UsageCode kOpenvinoUsage;

/// Python behind the session's: several requests in flight.
extern const char* const kOrtUnderLoad;
extern const char* const kOpenvinoUnderLoad;

extern const char* const kPythonLetterbox;  ///< place(picture) → HWC u8
extern const char* const kPythonLetterboxTopLeft;
extern const char* const kPythonStretch;
extern const char* const kPythonCenterCrop;
extern const char* const kPythonPrepare;   ///< prepare(path) → NCHW f32
extern const char* const kPythonClassify;  ///< prints the five likeliest classes
extern const char* const kPythonYolov8;    ///< prints boxes after suppression
extern const char* const kPythonRaw;       ///< prints the shapes of the outputs

}  // namespace tamis

#pragma once

#include <cstddef>

/// The C interface of the plugin tamis-drawing.so: what draws pictures needs a picture library,
/// which no other command of the program should load. No exception and no ownership crosses it.
extern "C" {

/// Raised whenever anything below changes.
inline constexpr int kTamisDrawingAbi = 1;

/// `int tamis_drawing_abi()`: the plugin's kTamisDrawingAbi.
typedef int (*TamisDrawingAbi)();

/// Takes `size` characters of the answer.
typedef void (*TamisDrawingAnswer)(void* context, const char* text, std::size_t size);

/// `tamis_drawing_changes`: draws the worst changes of a result (the text of result.json) into a
/// folder, as draw_changes() of report/change_pictures.h. The answer is JSON: [{"file", "height",
/// "width", "note"}]. Returns 0, or 1 + tamis::ErrorCode with a message as the answer.
typedef int (*TamisDrawingChanges)(const char* result, const char* folder,
                                   TamisDrawingAnswer answer, void* context);
}

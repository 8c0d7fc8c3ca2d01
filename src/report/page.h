#pragma once

namespace tamis {

/// The style sheet and the script of report.html, inlined into the page. Neither holds anything
/// from a result, and neither names another file.
extern const char* const kPageStyle;
extern const char* const
    kPageDarkColours;  ///< declarations, used by the system's choice and by the toggle
extern const char* const kPageScript;

}  // namespace tamis

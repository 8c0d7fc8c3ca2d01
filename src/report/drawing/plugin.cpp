#include <exception>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "report/change_pictures.h"
#include "report/drawing/drawing_abi.h"
#include "report/result.h"

namespace tamis {
namespace {

std::string changes(const char* result, const char* folder) {
  Json drawn = Json::array();
  for (const ChangePicture& picture :
       draw_changes(parse_result(parse_json(result, "result")), folder))
    drawn.push_back({{"file", picture.file},
                     {"height", picture.size.height},
                     {"width", picture.size.width},
                     {"note", picture.note}});
  return drawn.dump();
}

}  // namespace
}  // namespace tamis

extern "C" {

__attribute__((visibility("default"))) int tamis_drawing_abi() { return kTamisDrawingAbi; }

__attribute__((visibility("default"))) int tamis_drawing_changes(const char* result,
                                                                 const char* folder,
                                                                 TamisDrawingAnswer answer,
                                                                 void* context) {
  int status = 0;
  std::string text;
  try {
    text = tamis::changes(result, folder);
  } catch (const tamis::Error& e) {
    status = 1 + static_cast<int>(e.code());
    text = e.what();
  } catch (const std::exception& e) {
    status = 1 + static_cast<int>(tamis::ErrorCode::io);
    text = std::string("report: draw the worst changes: ") + e.what();
  }
  answer(context, text.data(), text.size());
  return status;
}
}

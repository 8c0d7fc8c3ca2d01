#include "report/drawing_plugin.h"

#include "base/error.h"
#include "base/files.h"
#include "base/plugin.h"
#include "report/drawing/drawing_abi.h"

namespace tamis {
namespace {

std::size_t pictures_of(const Json& document) {
  const auto changes = document.find("changes");
  if (changes == document.end() || !changes->is_object() || !changes->contains("worst")) return 0;
  return changes->at("worst").size();
}

TamisDrawingChanges open_plugin() {
  const PluginLibrary library = PluginLibrary::open_plugin("drawing");
  if (library.function<TamisDrawingAbi>("tamis_drawing_abi")() != kTamisDrawingAbi)
    throw Error(ErrorCode::unavailable, "load " + library.file().string() +
                                            ": is of another version; rebuild it together with "
                                            "the program");
  return library.function<TamisDrawingChanges>("tamis_drawing_changes");
}

void append(void* context, const char* text, std::size_t size) {
  static_cast<std::string*>(context)->append(text, size);
}

}  // namespace

std::vector<ChangePicture> draw_changes_by_plugin(const Json& document,
                                                  const std::filesystem::path& folder) {
  TamisDrawingChanges draw = nullptr;
  try {
    draw = open_plugin();
  } catch (const Error& e) {
    std::vector<ChangePicture> missing(pictures_of(document));
    for (ChangePicture& picture : missing) picture.note = e.what();
    return missing;
  }
  std::string answer;
  if (const int status = draw(document.dump().c_str(), folder.c_str(), append, &answer);
      status != 0)
    throw Error(static_cast<ErrorCode>(status - 1), answer);
  std::vector<ChangePicture> drawn;
  for (const Json& one : parse_json(answer, "drawn changes")) {
    ChangePicture picture;
    picture.file = one.at("file");
    picture.note = one.at("note");
    picture.size = {one.at("height"), one.at("width")};
    if (!picture.file.empty()) picture.jpeg = load_bytes(folder / picture.file, kImageFile);
    drawn.push_back(std::move(picture));
  }
  return drawn;
}

}  // namespace tamis

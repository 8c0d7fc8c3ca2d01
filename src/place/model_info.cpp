#include "place/model_info.h"

#include <fmt/format.h>

#include <iterator>
#include <sstream>

#include "base/error_json.h"
#include "base/files.h"
#include "place/patience.h"
#include "place/worker.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

/// A file of the model's name, should inputs of it be held: it lasts as long as the program.
fs::path file_to_hold(const fs::path& model) {
  static const TemporaryFolder folder("tamis-held");
  static int count = 0;
  const fs::path own = folder.path() / std::to_string(count++);
  fs::create_directories(own);
  return own / model.filename();
}

}  // namespace

std::vector<std::string> parse_calibration_hashes(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

void ModelInfo::require_runnable() const {
  if (cannot_run)
    throw Error(cannot_run->code(), fmt::format("{}: {}", named.string(), cannot_run->what()));
}

const Card& ModelInfo::required_card() const {
  require_runnable();
  if (!card) throw Error(*card_error);
  return *card;
}

ModelClasses ModelInfo::classes() const {
  return card ? ModelClasses{card->labels, class_count} : ModelClasses();
}

fs::path model_file(const fs::path& model) {
  if (!fs::exists(model))
    throw Error(ErrorCode::not_found,
                fmt::format("{}: no such file; give an ONNX file, or a folder that "
                            "tamis optimize wrote",
                            model.string()));
  if (!fs::is_directory(model)) return model;
  if (fs::exists(model / "model.onnx")) return model / "model.onnx";
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{}: is a folder without model.onnx; give an ONNX file, or a folder that "
                          "tamis optimize wrote",
                          model.string()));
}

ModelInfo inspect_in_worker(Place& place, const fs::path& model, const CardOptions& options) {
  ModelInfo info;
  info.named = info.file = model_file(model);
  Json request{{"op", "inspect"}, {"model", info.file.string()}, {"options", options.given}};
  fs::path held;
  if (options.given.count("hold-input") != 0 || card_file_beside(info.file)) {
    held = file_to_hold(info.named);
    request["held_model"] = held.string();
  }
  const Json head =
      again_if_killed([&] { return Worker(place).request(request, patience_to_inspect()).head; });
  if (head.value("held", false)) info.file = held;
  info.hash = head.at("hash");
  info.description = head.at("model");
  info.steps = head.value("steps", Json::object());
  if (auto why = head.find("cannot_run"); why != head.end())
    info.cannot_run = error_from_json(*why);
  info.open_inputs = head.value("open_inputs", Json::array()).get<std::vector<Shape>>();
  if (head.at("card").is_null()) {
    info.card_error = error_from_json(head.at("card_error"));
  } else {
    info.card = parse_card(head.at("card"));
    if (head.contains("classes")) info.class_count = head.at("classes").get<std::size_t>();
  }
  const Json& metadata = info.description.value("metadata", Json::object());
  if (metadata.contains(kCalibrationMetadata))
    info.calibration_hashes =
        parse_calibration_hashes(metadata.at(kCalibrationMetadata).get<std::string>());
  return info;
}

}  // namespace tamis

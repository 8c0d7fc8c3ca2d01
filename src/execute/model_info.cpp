#include "execute/model_info.h"

#include <fmt/format.h>

#include <iterator>
#include <sstream>

#include "base/error_json.h"
#include "base/files.h"
#include "execute/patience.h"
#include "execute/worker.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr double kProbeTimeout_s = 120;

/// A file of the model's name, should inputs of it be held: it lasts as long as the program.
fs::path file_to_hold(const fs::path& model) {
  static const TemporaryFolder folder("tamis-held");
  static int count = 0;
  const fs::path own = folder.path() / std::to_string(count++);
  fs::create_directories(own);
  return own / model.filename();
}

Availability probe_backend(const std::string& name, const std::string& library, bool thorough) {
  RunSettings settings;
  settings.backend = name;
  settings.library = library;
  try {
    return again_if_killed([&] {
      Worker worker;
      return parse_availability(
          worker
              .request({{"op", "probe"}, {"settings", to_json(settings)}, {"thorough", thorough}},
                       kProbeTimeout_s)
              .head);
    });
  } catch (const Error& e) {
    if (e.code() == ErrorCode::io) throw;  // a full disk is no runtime's fault
    Availability failed;
    failed.backend = name;
    failed.steps.push_back(
        {"loaded", false, e.what(), "reinstall the runtime, or name another library"});
    return failed;
  }
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

ModelInfo inspect_in_worker(const fs::path& model, const CardOptions& options) {
  ModelInfo info;
  info.named = info.file = model_file(model);
  Json request{{"op", "inspect"}, {"model", info.file.string()}, {"options", options.given}};
  fs::path held;
  if (options.given.count("hold-input") != 0 || card_file_beside(info.file)) {
    held = file_to_hold(info.named);
    request["held_model"] = held.string();
  }
  const Json head =
      again_if_killed([&] { return Worker().request(request, patience_to_inspect()).head; });
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

std::vector<Availability> probe_backends(const std::map<std::string, std::string>& libraries,
                                         bool thorough) {
  std::vector<Availability> found;
  for (const std::string& name : backend_names()) {
    auto library = libraries.find(name);
    found.push_back(
        probe_backend(name, library == libraries.end() ? "" : library->second, thorough));
  }
  return found;
}

}  // namespace tamis

#include "search/model_info.h"

#include <fmt/format.h>

#include <sstream>

#include "execute/worker.h"
#include "recipe/build.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr double kInspectTimeout_s = 120;
constexpr double kProbeTimeout_s = 120;

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> found;
  for (std::string word; in >> word;) found.push_back(word);
  return found;
}

Availability probe_backend(const std::string& name, const std::string& library, bool thorough) {
  RunSettings settings;
  settings.backend = name;
  settings.library = library;
  try {
    Worker worker;
    return parse_availability(
        worker
            .request({{"op", "probe"}, {"settings", to_json(settings)}, {"thorough", thorough}},
                     kProbeTimeout_s)
            .head);
  } catch (const Error& e) {
    Availability failed;
    failed.backend = name;
    failed.steps.push_back(
        {"loaded", false, e.what(), "reinstall the runtime, or name another library"});
    return failed;
  }
}

}  // namespace

const Card& ModelInfo::required_card() const {
  if (!card) throw Error(card_error_code, card_error);
  return *card;
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
  info.file = model_file(model);
  Worker worker;
  Json request{{"op", "inspect"}, {"model", info.file.string()}, {"options", options.given}};
  Json head = worker.request(request, kInspectTimeout_s).head;
  info.hash = head.at("hash");
  info.description = head.at("model");
  info.steps = head.value("steps", Json::object());
  if (head.at("card").is_null()) {
    info.card_error = head.at("card_error").at("text");
    info.card_error_code = parse_error_code(head.at("card_error").at("code").get<std::string>());
  } else {
    info.card = parse_card(head.at("card"));
  }
  const Json& metadata = info.description.value("metadata", Json::object());
  if (metadata.contains(kCalibrationMetadata))
    info.calibration_hashes = words(metadata.at(kCalibrationMetadata).get<std::string>());
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

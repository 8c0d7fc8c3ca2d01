#include "fuzz/parsers.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>

#include "base/content.h"
#include "base/error.h"
#include "base/files.h"
#include "base/frame.h"
#include "base/known_error.h"
#include "base/printable.h"
#include "base/units.h"
#include "card/card_keys.h"
#include "card/python_literal.h"
#include "data/dataset.h"
#include "data/formats.h"
#include "data/picture_header.h"
#include "deploy/usage.h"
#include "fuzz/models.h"
#include "report/report.h"
#include "report/tables.h"
#include "store/store.h"

namespace tamis::fuzz {
namespace fs = std::filesystem;
namespace {

using Seeds = std::vector<std::string>;

/// A folder that each input is written to in turn.
const fs::path& workplace() {
  static const TemporaryFolder folder("tamis-fuzz");
  return folder.path();
}

void put(const fs::path& file, const std::string& content) {
  fs::create_directories(file.parent_path());
  save_file(file, content);
}

/// Every item's picture and truth, as an evaluation takes them.
void walk(const Dataset& data) {
  constexpr std::size_t kMost = 4;
  for (std::size_t i = 0; i < std::min(kMost, data.items().size()); ++i) try {
      data.load_picture(i);
    } catch (const Error&) {
    }
}

constexpr const char* kPicture = "P6\n2 2\n255\nabcdefghijkl";

void take_card(const std::string& input) {
  const fs::path file = workplace() / "card" / "m.card.yaml";
  put(workplace() / "card" / "names.txt", "a\nb\nc\n");
  put(file, input);
  const CardEntries entries = entries_of_file(file);
  Card card;
  for (const auto& [key, entry] : entries) card_key(key).apply(card, entry.value, key);
  to_yaml(card);
}
Seeds card_seeds() {
  return {
      "task: detect\ninput: {size: [640, 320], pad: 0, color: bgr, mean: [0.1, 0.2, 0.3], std: 1, "
      "scale: 255, resize: letterbox}\ndecoder: yolov8\nstrides: [8, 16, 32]\nreg_max: 16\n",
      "labels: names.txt\ntask: classify\n", "labels: [a, 'b', \"c\", 007]\nthreshold: 0.5\n",
      "labels: {0: a, 1: b}\ninput: {sizes: [[320, 320], [640, 320]]}\noutputs: [boxes, scores]\n",
      "task: classify\nlabels: [&a b, *a]\n"};
}

void take_data_yaml(const std::string& input) {
  const fs::path folder = workplace() / "yolo-yaml";
  put(folder / "images" / "train" / "0.ppm", kPicture);
  put(folder / "labels" / "train" / "0.txt", "0 0.5 0.5 0.2 0.2\n");
  put(folder / "data.yaml", input);
  if (const auto info = probe_yolo(folder))
    for (const std::string& split : info->splits) walk(*open_yolo(folder, split));
}
Seeds data_yaml_seeds() {
  return {"path: .\ntrain: images/train\nval: images/train\nnames: {0: a, 1: b}\n",
          "train: [images/train, images]\nnames: ['x', \"y\"]\nnc: 2\n",
          "path: ../yolo-yaml\nval: images/train\nnames:\n  0: one\n  1: two\n"};
}

void take_yolo_labels(const std::string& input) {
  const fs::path folder = workplace() / "yolo";
  put(folder / "images" / "train" / "0.ppm", kPicture);
  put(folder / "data.yaml", "train: images/train\nnames: {0: a, 1: b}\n");
  put(folder / "labels" / "train" / "0.txt", input);
  walk(*open_yolo(folder, "train"));
}
Seeds yolo_label_seeds() {
  return {"0 0.5 0.5 0.2 0.2\n1 0.25 0.25 0.5 0.5\n", "1 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9\n",
          "0 1 1 1 1\n0 0 0 0 0\n"};
}

void take_coco(const std::string& input) {
  const fs::path folder = workplace() / "coco";
  put(folder / "val" / "0.ppm", kPicture);
  put(folder / "annotations" / "instances_val.json", input);
  const fs::path file = folder / "annotations" / "instances_val.json";
  if (const auto info = probe_coco(file))
    for (const std::string& split : info->splits) walk(*open_coco_masks(file, split));
}
Seeds coco_seeds() {
  return {R"({"images":[{"id":1,"file_name":"0.ppm","width":2,"height":2}],
"annotations":[{"id":1,"image_id":1,"category_id":7,"bbox":[0,0,1,1],"area":1,"iscrowd":0,
"segmentation":[[0,0,1,0,1,1]]},{"id":2,"image_id":1,"category_id":7,"bbox":[0,0,2,2],"iscrowd":1,
"segmentation":{"size":[2,2],"counts":[0,4]}}],"categories":[{"id":7,"name":"a"}]})",
          R"({"images":[{"id":1,"file_name":"0.ppm","width":2,"height":2}],
"annotations":[{"id":1,"image_id":1,"category_id":7,"bbox":[0,0,1,1],"area":1,"iscrowd":1,
"segmentation":{"size":[2,2],"counts":"04"}}],"categories":[{"id":7,"name":"a"}]})"};
}

void take_names(const std::string& input) {
  const fs::path file = workplace() / "names" / "names.txt";
  put(file, input);
  labels_of_file(file, "option --labels");
}
Seeds names_seeds() { return {"a\nb\nc\n", "\xEF\xBB\xBFone\r\ntwo\r\n\r\n", "x"}; }

void take_list(const std::string& input) {
  const fs::path file = workplace() / "list" / "list.txt";
  put(workplace() / "list" / "0.ppm", kPicture);
  put(file, input);
  if (probe_list(file)) walk(*open_list(file, "all"));
}
Seeds list_seeds() { return {"0.ppm 1\n", "file,label\n0.ppm,3\n", "0.ppm\n"}; }

void take_idx(const std::string& input) {
  const fs::path folder = workplace() / "idx";
  put(folder / "t10k-images-idx3-ubyte", input);
  put(folder / "t10k-labels-idx1-ubyte", std::string("\0\0\x08\x01\0\0\0\x01\x07", 9));
  walk(*open_idx(folder, "val"));
}
Seeds idx_seeds() {
  return {std::string("\0\0\x08\x03\0\0\0\x01\0\0\0\x02\0\0\0\x02", 16) + "abcd",
          std::string("\0\0\x08\x04\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x03", 20) + "abc"};
}

void take_cifar(const std::string& input) {
  const fs::path folder = workplace() / "cifar";
  put(folder / "test_batch.bin", input);
  walk(*open_cifar(folder, "val"));
}
Seeds cifar_seeds() { return {std::string(1, '\3') + std::string(3072, 'x')}; }

void take_picture(const std::string& input) {
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  const auto header = parse_picture_header(bytes);
  constexpr std::int64_t kMostPixels = 1 << 16;  // larger ones are right, and slow
  if (header && header->format == "jpeg" &&
      std::int64_t{header->stored.height} * header->stored.width <= kMostPixels)
    decode_picture(bytes, "picture", false);
}
Seeds picture_seeds() {
  Seeds seeds;
  for (const auto& entry :
       fs::directory_iterator(fs::path(TAMIS_SOURCE_DIR) / "tests" / "data" / "pictures"))
    if (entry.is_regular_file() && entry.file_size() < 20'000)
      seeds.push_back(load_text(entry.path()));
  return seeds;
}

void take_python(const std::string& input) { json_text(parse_python_literal(input, "metadata")); }
Seeds python_seeds() {
  return {"{0: 'person', 1: \"it's\", 2: 'a\\x41\\u0042'}", "[640, 640]",
          "(1, -2.5, True, None, {'a': [1, (2,)]})", "'detect'"};
}

void take_frame(const std::string& input) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  const std::string part = input.substr(0, 60'000);  // a pipe holds so much
  const bool written = ::write(ends[1], part.data(), part.size()) >= 0;
  ::close(ends[1]);
  try {
    FrameChannel channel(ends[0], -1);
    while (written && channel.receive(5)) {
    }
  } catch (...) {
    ::close(ends[0]);
    throw;
  }
  ::close(ends[0]);
}
Seeds frame_seeds() {
  const std::string head = R"({"op":"visit","input":0})";
  std::string prefix("TMS1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  prefix[4] = static_cast<char>(head.size());
  std::string with_block = prefix;
  with_block[8] = 3;
  return {prefix + head, with_block + head + "abc", prefix + head + with_block + head + "xyz"};
}

void take_units(const std::string& input) {
  for (const auto read : {+[](const std::string& t) { parse_seconds(t, "--budget"); },
                          +[](const std::string& t) { parse_bytes(t, "--size"); },
                          +[](const std::string& t) { parse_fraction(t, "--confidence"); },
                          +[](const std::string& t) { to_text(parse_drop(t, "--max-drop")); }})
    try {
      read(input);
    } catch (const Error&) {
    }
}
Seeds units_seeds() { return {"10m", "1h30m", "500ms", "5MB", "800kB", "95%", "0.5pt", "1%"}; }

void take_store(const std::string& input) {
  const fs::path file = workplace() / "store" / "tamis.db";
  for (const char* beside : {"-wal", "-shm", "-journal"}) fs::remove(file.string() + beside);
  put(file, input);
  Store store = Store::open(file);
  store.all(Kind::failure);
}
Seeds store_seeds() {
  const fs::path file = workplace() / "store-seed" / "tamis.db";
  fs::remove_all(file.parent_path());
  fs::create_directories(file.parent_path());
  {
    Store store = Store::open(file);
    store.put(Kind::failure, "key", {{"code", "io"}, {"text", "it failed"}});
  }
  return {load_text(file)};
}

/// As the programs end: what a JSON value lacks is an Error of theirs.
void as_known(const std::function<void()>& read) {
  try {
    read();
  } catch (const Json::exception& e) {
    if (const auto known = known_error(e)) throw Error(*known);
    throw;
  }
}

void take_result(const std::string& input) {
  as_known([&] {
    const Json document = parse_json(input, "result.json");
    const ResultDocument result = parse_result(document);
    report_html(result);
    report_markdown(result, {}, {});
    variants_csv(result);
    const Json shown = printable_document(document);
    variants_table_text(shown, 80);
    decision_text(shown);
  });
}
Seeds result_seeds() {
  Seeds seeds;
  for (const char* name : {"classifier", "detector", "nearest_miss"})
    seeds.push_back(json_text(load_json(fs::path(TAMIS_SOURCE_DIR) / "tests" / "report" / "data" /
                                        (std::string(name) + ".json"))));
  return seeds;
}

void take_run(const std::string& input) {
  fs::create_directories(workplace() / "run");
  as_known([&] { write_usage(parse_json(input, "run.json"), workplace() / "run"); });
}
Seeds run_seeds() {
  return {
      R"({"schema":"tamis/run/1","model":"model.onnx","settings":{"backend":"ort","device":"CPU",
"threads":2,"graph_level":"all"},"card":{"task":"classify","input":{"size":[224,320],"color":"bgr",
"scale":255,"mean":[0.5,0.4,0.3],"std":[1,1,1],"resize":"center_crop","short_side":256},
"decoder":"classifier"}})",
      R"({"schema":"tamis/run/1","model":"model.onnx","settings":{"backend":"openvino",
"device":"CPU","inference_precision":"bf16","batch":4},"card":{"task":"detect","input":{"size":
[64,64],"sizes":[[64,64],[32,64]],"type":"u8","layout":"nhwc","color":"rgb","scale":255,"mean":[0],
"std":[1],"resize":"letterbox"},"decoder":"yolov8"}})"};
}

void take_listing(const std::string& input) {
  const fs::path folder = workplace() / "listing";
  put(folder / "a.bin", "abc");
  put(folder / kContentFile, input);
  as_known([&] { check_content(folder); });
  remove_damaged(folder);
}
Seeds listing_seeds() {
  const fs::path folder = workplace() / "listing";
  put(folder / "a.bin", "abc");
  save_content(folder);
  return {load_text(folder / kContentFile)};
}

constexpr std::array kParsers{
    Parser{"model", take_model, model_seeds},
    Parser{"card", take_card, card_seeds},
    Parser{"data-yaml", take_data_yaml, data_yaml_seeds},
    Parser{"yolo-labels", take_yolo_labels, yolo_label_seeds},
    Parser{"coco", take_coco, coco_seeds},
    Parser{"names", take_names, names_seeds},
    Parser{"list", take_list, list_seeds},
    Parser{"idx", take_idx, idx_seeds},
    Parser{"cifar", take_cifar, cifar_seeds},
    Parser{"picture", take_picture, picture_seeds},
    Parser{"python", take_python, python_seeds},
    Parser{"frame", take_frame, frame_seeds},
    Parser{"units", take_units, units_seeds},
    Parser{"store", take_store, store_seeds},
    Parser{"result", take_result, result_seeds},
    Parser{"run", take_run, run_seeds},
    Parser{"listing", take_listing, listing_seeds},
};

}  // namespace

std::span<const Parser> parsers() { return kParsers; }

const Parser* find_parser(std::string_view name) {
  for (const Parser& parser : kParsers)
    if (parser.name == name) return &parser;
  return nullptr;
}

void take_or_refuse(const Parser& parser, const std::string& input) {
  try {
    parser.take(input);
  } catch (const Error& error) {
    const std::string text = error.what();
    if (text.empty() || text.find('\n') != std::string::npos)
      throw std::runtime_error(std::string(parser.name) +
                               ": an error of no or several lines: " + text);
  }
}

}  // namespace tamis::fuzz

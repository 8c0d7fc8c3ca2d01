#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>
#include <random>

#include "data/selection.h"
#include "helpers.h"

/// Random and broken data sets of every format: whatever lies there, it is opened or refused with
/// one line. A few in the suite; TAMIS_HOSTILE_SETS=1000 makes more, TAMIS_HOSTILE_SEED others.
namespace tamis {
namespace {

using namespace testing_data;
namespace fs = std::filesystem;

constexpr std::chrono::seconds kMostPerSet{60};

std::uint64_t option(const char* name, std::uint64_t otherwise) {
  const auto given = environment(name);
  return given ? std::stoull(*given) : otherwise;
}

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool once_in(std::size_t n) { return below(n) == 0; }
  template <typename List>
  const auto& of(const List& list) {
    return list[below(list.size())];
  }

 private:
  std::mt19937_64 random_;
};

std::string number(Chance& chance) {
  static const std::vector<std::string> kNumbers{"0",
                                                 "1",
                                                 "0.5",
                                                 ".25",
                                                 "1e-3",
                                                 "-0.0",
                                                 "2",
                                                 "7",
                                                 "-1",
                                                 "1e400",
                                                 "nan",
                                                 "inf",
                                                 "4294967296",
                                                 "9223372036854775808",
                                                 "1e9",
                                                 "0x10",
                                                 "1,5",
                                                 "",
                                                 "99999999999999999999999999"};
  return chance.below(4) > 0 ? chance.of(std::vector<std::string>{"0", "1", "0.5", "0.25", "0.1"})
                             : chance.of(kNumbers);
}

std::string class_name(Chance& chance) {
  static const std::vector<std::string> kNames{
      "red", "green", "blue",  "Red ", "a_b",  "a b", "0", "1", "10",      "good",
      "",    "é",     "train", "x, y", "null", "-",   "'", "[", "\xff\xfe"};
  return chance.of(kNames);
}

/// A folder's name of one.
std::string folder_name(Chance& chance) {
  const std::string name = class_name(chance);
  return name.empty() ? "unnamed" : name;
}

void add_picture(Chance& chance, const fs::path& to) {
  static const std::vector<fs::path> kPictures = [] {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(pictures()))
      if (entry.is_regular_file()) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
  }();
  if (chance.once_in(2))
    write(to, tiny_picture(static_cast<int>(chance.below(1000))));
  else
    write(to, load_text(chance.of(kPictures)));
}

std::string picture_name(Chance& chance, std::size_t i) {
  static const std::vector<std::string> kEnds{".ppm", ".jpg", ".png", ".JPEG", ".webp", ".tiff"};
  return "p" + std::to_string(i) + chance.of(kEnds);
}

void make_classes(Chance& chance, const fs::path& root) {
  static const std::vector<std::string> kSplits{"", "train", "val", "valid", "test"};
  for (std::size_t i = 0; i < 2 + chance.below(10); ++i)
    add_picture(chance, root / chance.of(kSplits) / folder_name(chance) / picture_name(chance, i));
  if (chance.once_in(3)) fs::create_directories(root / folder_name(chance));
}

void make_plain(Chance& chance, const fs::path& root) {
  for (std::size_t i = 0; i < 1 + chance.below(6); ++i)
    add_picture(chance, root / picture_name(chance, i));
}

void make_list(Chance& chance, const fs::path& root) {
  std::string list = chance.once_in(4) ? "file,label\n" : "";
  for (std::size_t i = 0; i < 1 + chance.below(8); ++i) {
    const std::string name = picture_name(chance, i);
    add_picture(chance, root / name);
    list += name + (chance.once_in(6) ? "" : " " + number(chance)) + "\n";
    if (chance.once_in(6)) list += name + " " + number(chance) + "\n";
  }
  write(root / "labels.txt", list);
  if (chance.once_in(2)) write(root / "classes.txt", class_name(chance) + "\nblue\n");
}

void make_cifar(Chance& chance, const fs::path& root) {
  for (const char* name : {"data_batch_1.bin", "test_batch.bin"}) {
    std::string records;
    for (std::size_t i = 0; i < 1 + chance.below(4); ++i)
      records += static_cast<char>(chance.below(11)) + std::string(3072, static_cast<char>(i));
    if (!chance.once_in(5)) write(root / name, records);
  }
  if (chance.once_in(2)) write(root / "batches.meta.txt", "red\ngreen\n" + class_name(chance));
}

std::string idx_text(Chance& chance, const std::vector<std::uint32_t>& shape,
                     const std::string& data) {
  std::string text{0, 0, 8, static_cast<char>(shape.size())};
  for (std::uint32_t side : shape) {
    const std::uint32_t claimed = chance.once_in(10) ? 0xFFFFFFFFU >> chance.below(32) : side;
    for (int shift : {24, 16, 8, 0}) text += static_cast<char>(claimed >> shift & 255);
  }
  return text + data;
}

void make_idx(Chance& chance, const fs::path& root) {
  const auto count = static_cast<std::uint32_t>(1 + chance.below(6));
  write(root / "t10k-images-idx3-ubyte",
        idx_text(chance, {count, 4, 4}, std::string(count * 16, 'x')));
  write(root / "t10k-labels-idx1-ubyte", idx_text(chance, {count}, std::string(count, '\1')));
}

void make_yolo(Chance& chance, const fs::path& root) {
  std::string yaml = chance.once_in(3) ? "path: " + folder_name(chance) + "\n" : "";
  yaml += "train: images\nval: [images, images/more]\n";
  yaml += chance.once_in(2) ? "names: [blue, green, " + class_name(chance) + "]\n"
                            : "names: {0: red, 1: green, " + number(chance) + ": blue}\n";
  write(root / "data.yaml", yaml);
  for (std::size_t i = 0; i < 1 + chance.below(6); ++i) {
    const std::string name = picture_name(chance, i);
    add_picture(chance, root / "images" / name);
    std::string lines;
    for (std::size_t k = 0; k < chance.below(4); ++k) {
      lines += std::to_string(chance.below(3));
      for (std::size_t v = 0; v < 4 + 2 * chance.below(3); ++v) lines += " " + number(chance);
      lines += "\n";
    }
    const fs::path folder = chance.once_in(4)   ? root / "images"
                            : chance.once_in(4) ? root / "labels_segment"
                                                : root / "labels";
    if (!chance.once_in(4)) write(folder / fs::path(name).replace_extension(".txt"), lines);
  }
}

std::string segmentation(Chance& chance) {
  if (chance.once_in(2)) return "[[0, 0, " + number(chance) + ", 0, 1, " + number(chance) + "]]";
  return R"({"size": [)" + number(chance) + ", 2], " +
         (chance.once_in(2) ? R"("counts": "04"})" : R"("counts": [0, )" + number(chance) + "]}");
}

void make_coco(Chance& chance, const fs::path& root) {
  std::string images, annotations;
  for (std::size_t i = 0; i < 1 + chance.below(5); ++i) {
    const std::string name = picture_name(chance, i);
    add_picture(chance, root / (chance.once_in(2) ? "images" : "") / name);
    images += std::string(i == 0 ? "" : ", ") + R"({"id": )" + std::to_string(i) +
              R"(, "file_name": ")" + name + "\"" +
              (chance.once_in(3) ? R"(, "width": )" + number(chance) + R"(, "height": 2)" : "") +
              "}";
    annotations += std::string(i == 0 ? "" : ", ") + R"({"image_id": )" + std::to_string(i) +
                   R"(, "category_id": )" + std::to_string(chance.below(3)) + R"(, "bbox": [0, )" +
                   number(chance) + ", " + number(chance) + R"(, 1], "segmentation": )" +
                   segmentation(chance) + "}";
  }
  const std::string json = R"({"images": [)" + images + R"(], "annotations": [)" + annotations +
                           R"(], "categories": [{"id": 0, "name": "blue"}, {"id": 1, "name": ")" +
                           (chance.once_in(4) ? "gre\\u0000en" : "green") + R"("}, {"id": 2}]})";
  write(root / (chance.once_in(2) ? "_annotations.coco.json" : "annotations/instances_val.json"),
        json);
}

void make_mvtec(Chance& chance, const fs::path& root) {
  for (const char* folder : {"train/good", "test/good", "test/crack", "test/hole"})
    for (std::size_t i = 0; i < 1 + chance.below(3); ++i)
      add_picture(chance, root / folder / picture_name(chance, i));
  for (std::size_t i = 0; i < 3; ++i)
    add_picture(chance, root / "ground_truth/crack" / ("p" + std::to_string(i) + "_mask.png"));
  if (chance.once_in(2)) fs::remove_all(root / "ground_truth");
}

using Make = void (*)(Chance&, const fs::path&);
constexpr std::array<Make, 9> kMakes{make_classes, make_plain, make_list,  make_cifar, make_idx,
                                     make_yolo,    make_coco,  make_mvtec, make_yolo};

std::vector<fs::path> everything_below(const fs::path& root) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

void damage_bytes(Chance& chance, const fs::path& file) {
  static const std::vector<std::string> kTokens{
      "\0",    "\n",           "]", "}", "\"", "&a *a",       "-1",
      "../..", "\xEF\xBB\xBF", "{", "[", ":",  "99999999999", "%s"};
  std::string text = load_text(file);
  if (text.empty()) return;
  for (std::size_t i = 0; i < 1 + chance.below(6); ++i)
    text[chance.below(text.size())] = static_cast<char>(chance.below(256));
  if (chance.once_in(3)) text.resize(chance.below(text.size()) + 1);
  if (chance.once_in(3)) text.insert(chance.below(text.size()), chance.of(kTokens));
  if (chance.once_in(12)) text.clear();
  write(file, text);
}

/// Something else in the place of what is there.
void replace_entry(Chance& chance, const fs::path& entry, const fs::path& root) {
  static const std::vector<std::string> kTargets{
      "nowhere", "/dev/zero",    "/dev/null",   ".",
      "..",      "/dev/urandom", "/etc/passwd", "/proc/self/mem"};
  std::error_code ignored;
  fs::remove_all(entry, ignored);
  switch (chance.below(5)) {
    case 0:
      ::mkfifo(entry.c_str(), 0600);
      break;
    case 1:
      fs::create_directories(entry, ignored);
      break;
    case 2:
      fs::create_symlink(entry.filename(), entry, ignored);
      break;
    case 3:
      fs::create_symlink(chance.once_in(4) ? root : fs::path(chance.of(kTargets)), entry, ignored);
      break;
    default:
      break;  // it is gone
  }
}

void damage(Chance& chance, const fs::path& root) {
  for (std::size_t i = 0; i < chance.below(4); ++i) {
    const auto all = everything_below(root);
    if (all.empty()) return;
    const fs::path entry = chance.of(all);
    if (fs::is_regular_file(fs::symlink_status(entry)) && !chance.once_in(3))
      damage_bytes(chance, entry);
    else
      replace_entry(chance, entry, root);
  }
  if (chance.once_in(6)) {
    std::error_code ignored;
    fs::create_directory_symlink(chance.once_in(2) ? "." : "..", root / "link", ignored);
    ::mkfifo((root / "other.yaml").c_str(), 0600);
  }
}

/// Runs it; an Error must be one line.
void accept(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    const std::string text = e.what();
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
}

void read_all(const DataSpec& spec) {
  accept([&] {
    auto data = open_dataset(spec);
    for (std::size_t i = 0; i < data->items().size(); ++i) {
      accept([&] { data->content_hash(i); });
      accept([&] {
        const Picture picture = data->load_picture(i);
        const auto& anomaly = data->items()[i].truth.anomaly;
        if (anomaly && anomaly->mask) load_mask(data->items()[i], picture.size());
      });
    }
  });
}

void use(Chance& chance, const fs::path& root) {
  DataSpec spec{root, ""};
  if (chance.once_in(2)) spec.detail = TruthDetail::masks;
  if (chance.once_in(2)) spec.classes = {{"red", "green", "blue"}, 3};
  read_all(spec);
  accept([&] { plan_evaluation(spec, {}); });
  accept([&] { plan_calibration({.data = spec}); });
  accept([&] { plan_quantize_calibration({.data = spec}); });
}

TEST(HostileData, is_opened_or_refused_with_one_line) {
  const std::uint64_t sets = option("TAMIS_HOSTILE_SETS", 90);
  const std::uint64_t seed = option("TAMIS_HOSTILE_SEED", 1);
  for (std::uint64_t i = 0; i < sets; ++i) {
    SCOPED_TRACE("TAMIS_HOSTILE_SEED=" + std::to_string(seed + i) + " TAMIS_HOSTILE_SETS=1");
    Chance chance(seed + i);
    TemporaryFolder folder("tamis-hostile");
    const fs::path root = folder.path() / "data";
    fs::create_directories(root);
    kMakes[(seed + i) % kMakes.size()](chance, root);
    damage(chance, root);
    const auto start = std::chrono::steady_clock::now();
    use(chance, root);
    EXPECT_LT(std::chrono::steady_clock::now() - start, kMostPerSet);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace tamis

#include "predict/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "data/picture_header.h"
#include "eval/worker_evaluation.h"
#include "predict/prediction_json.h"
#include "predict/summary.h"
#include "predict/worker_annotator.h"

namespace tamis {
namespace {

constexpr std::size_t kChunk = 16;

/// One model and what it said of the images of a chunk.
class Side {
 public:
  Side(Place& place, const PredictingModel& model, const InputSpec& items,
       const std::function<bool()>& go_on)
      : model_(model),
        evaluation_(place, {model.request, items, false, model.content}, go_on),
        item_s_(evaluation_.first_ms() * 1e-3) {}

  /// The next images; false where none is left.
  bool next() {
    const EvaluatedPart part = evaluation_.next(kChunk, patience_for_items(kChunk, item_s_));
    inference_s_ += part.inference_s;
    item_s_ = std::max(item_s_, part.wall_s / kChunk);
    records_.clear();
    bad_.clear();
    for (const Json& json : part.records) records_.push_back(parse_item_record(json));
    for (const Json& json : part.bad) bad_.push_back({json.at("item"), json.at("reason")});
    return !part.done;
  }
  void pause() { evaluation_.pause(); }

  const PredictingModel& model() const { return model_; }
  const Card& card() const { return *model_.request.card; }
  std::vector<ItemRecord>& records() { return records_; }
  const std::vector<BadItem>& bad() const { return bad_; }
  double inference_s() const { return inference_s_; }

 private:
  const PredictingModel& model_;
  WorkerEvaluation evaluation_;
  double item_s_;
  double inference_s_ = 0;
  std::vector<ItemRecord> records_;
  std::vector<BadItem> bad_;
};

/// What all models say of one image.
struct Said {
  std::vector<ItemRecord> records;  // one per model
};

class PredictRun {
 public:
  PredictRun(Place& place, const NamedImages& images, const PredictPlan& plan,
             const PredictListener& listener)
      : named_(images), images_(*images.dataset), plan_(plan), listener_(listener) {
    for (std::size_t i = 0; i < images_.items().size(); ++i) places_[images_.items()[i].id] = i;
    InputSpec items{images.spec, {}};
    items.items.resize(plan.most == 0 ? images_.items().size()
                                      : std::min(plan.most, images_.items().size()));
    std::iota(items.items.begin(), items.items.end(), std::size_t{0});
    sides_.push_back(std::make_unique<Side>(place, plan.model, items, listener.go_on));
    if (plan.other)
      sides_.push_back(std::make_unique<Side>(place, *plan.other, items, listener.go_on));
    if (plan.other) result_.changes.emplace();
    for (const PredictionFormat* format : plan.formats) {
      files_.push_back(format->make({plan.out, sides_[0]->card(), plan.min_score}));
      if (format->draws && !annotator_) start_annotator(place, items);
    }
  }

  PredictResult run() {
    const std::int64_t start = now_ns();
    std::future<void> writing;
    bool more = true;
    while (more && listener_.go_on()) {
      try {
        more = next_chunk();
      } catch (const Error&) {
        if (listener_.go_on()) throw;
        break;
      }
      finish(writing);
      std::vector<Said> said = take_chunk();
      tell(said);
      // The next images are predicted while these are drawn and written.
      writing = std::async(std::launch::async, [this, said = std::move(said)] { write(said); });
    }
    finish(writing);
    for (const auto& files : files_) files->finish();
    result_.complete = !more;
    result_.wall_s = seconds_since(start);
    result_.inference_s = sides_[0]->inference_s();
    if (sides_.size() > 1) finish_comparison();
    return std::move(result_);
  }

 private:
  /// Where the user ended it, what was not written yet is not.
  void finish(std::future<void>& writing) const {
    if (!writing.valid()) return;
    try {
      writing.get();
    } catch (const Error&) {
      if (listener_.go_on()) throw;
    }
  }

  void start_annotator(Place& place, const InputSpec& items) {
    AnnotationSpec spec{items, {}, {}, plan_.min_score};
    for (const auto& side : sides_) {
      spec.cards.push_back(side->card());
      spec.titles.push_back(side->model().name);
    }
    annotator_ = std::make_unique<WorkerAnnotator>(place, spec, listener_.go_on);
  }

  bool next_chunk() {
    bool more = true;
    for (const auto& side : sides_) {
      more = side->next() && more;
      if (sides_.size() > 1) side->pause();
    }
    return more;
  }

  /// The images that every model could use.
  std::vector<Said> take_chunk() {
    for (const auto& side : sides_)
      for (const BadItem& bad : side->bad())
        if (known_bad_.insert(bad.item).second) {
          result_.bad.push_back(named(bad));
          listener_.unusable(result_.bad.back());
        }
    std::vector<Said> all;
    for (ItemRecord& record : sides_[0]->records()) {
      Said said;
      if (sides_.size() > 1) {
        auto& others = sides_[1]->records();
        const auto other = std::find_if(others.begin(), others.end(),
                                        [&](const ItemRecord& o) { return o.item == record.item; });
        if (other == others.end()) continue;
        said.records = {record, *other};
      } else {
        said.records = {std::move(record)};
      }
      all.push_back(std::move(said));
    }
    return all;
  }

  /// Reasons name the item.
  BadItem named(const BadItem& bad) const {
    BadItem shown{name_of(named_, bad.item), bad.reason};
    if (const std::size_t at = shown.reason.find(bad.item); at != std::string::npos)
      shown.reason.replace(at, bad.item.size(), shown.item);
    return shown;
  }

  void tell(const std::vector<Said>& chunk) {
    for (const Said& said : chunk) {
      std::vector<std::string> texts;
      for (std::size_t s = 0; s < said.records.size(); ++s)
        texts.push_back(
            summary_text(sides_[s]->card(), said.records[s].prediction, plan_.min_score));
      listener_.predicted(name_of(named_, said.records[0].item), texts);
      if (!result_.changes) continue;
      for (const std::size_t s : {0U, 1U}) {
        ItemRecord record = said.records[s];
        record.item = name_of(named_, record.item);
        (s == 0 ? result_.changes->before : result_.changes->after).push_back(std::move(record));
      }
    }
  }

  Size size_of(std::size_t item) const {
    const Item& one = images_.items()[item];
    if (!one.record)
      if (const auto header = probe_sane_header(one.file)) return header->upright();
    return images_.load_picture(item).size();
  }

  Json to_json(const Said& said, std::size_t side, const std::string& name, Size size) const {
    return prediction_json(sides_[side]->card(), name, size, said.records[side].prediction,
                           plan_.min_score);
  }

  void write(const std::vector<Said>& chunk) {
    for (const Said& said : chunk) {
      const std::string& id = said.records[0].item;
      const std::size_t item = places_.at(id);
      const std::string name = name_of(named_, id);
      // Images that were named one by one lie beside each other, whatever folders they come from.
      const std::string file = named_.folder ? std::filesystem::path(name).filename().string() : id;
      AnnotatedImage drawn;
      if (annotator_) drawn = annotator_->annotate(item, said.records);
      const Size size = annotator_ ? drawn.image : size_of(item);
      Json json = to_json(said, 0, name, size);
      if (said.records.size() > 1) json["other"] = to_json(said, 1, name, size);
      for (const auto& files : files_)
        files->add({file, size, json, annotator_ ? &drawn.jpeg : nullptr});
      result_.predictions.push_back(std::move(json));
    }
  }

  void finish_comparison() {
    result_.other_inference_s = sides_[1]->inference_s();
    result_.changes->items = find_changes(find_task(sides_[0]->card().task),
                                          result_.changes->before, result_.changes->after);
  }

  const NamedImages& named_;
  const Dataset& images_;
  const PredictPlan& plan_;
  const PredictListener& listener_;
  std::map<std::string, std::size_t> places_;
  std::vector<std::unique_ptr<Side>> sides_;
  std::vector<std::unique_ptr<PredictionFiles>> files_;
  std::unique_ptr<WorkerAnnotator> annotator_;
  std::set<std::string> known_bad_;
  PredictResult result_;
};

void require_comparable(const PredictPlan& plan) {
  const Card &a = *plan.model.request.card, &b = *plan.other->request.card;
  if (a.task != b.task)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--compare {}: its task is {}, and that of {} is {}; give a model of "
                            "the same task",
                            plan.other->name, to_text(b.task), plan.model.name, to_text(a.task)));
}

}  // namespace

PredictResult predict(Place& place, const NamedImages& images, const PredictPlan& plan,
                      const PredictListener& listener) {
  if (plan.other) require_comparable(plan);
  return PredictRun(place, images, plan, listener).run();
}

}  // namespace tamis

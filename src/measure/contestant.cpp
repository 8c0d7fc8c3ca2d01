#include "measure/contestant.h"

#include "base/json_fields.h"
#include "result/keys.h"
#include "stats/paired.h"
#include "stats/percentile.h"

namespace tamis {

double VisitSample::total() const { return median(total_ns); }
double VisitSample::inference() const { return median(inference_ns); }
double VisitSample::cost() const { return images_per_s ? 1e9 / *images_per_s : total(); }

std::vector<VisitSample> undisturbed(const std::vector<VisitSample>& samples) {
  std::vector<bool> disturbed;
  std::vector<std::size_t> instance;
  for (const VisitSample& sample : samples) {
    disturbed.push_back(sample.disturbed);
    instance.push_back(sample.instance);
  }
  std::vector<VisitSample> kept;
  for (std::size_t i : undisturbed_places(disturbed, instance)) kept.push_back(samples[i]);
  return kept;
}

namespace {

constexpr JsonField<VisitSample> kFields[] = {
    needed<&VisitSample::total_ns>("total_ns"),
    needed<&VisitSample::inference_ns>("inference_ns"),
    known<&VisitSample::prepare_ns>("prepare_ns"),
    if_known<&VisitSample::images_per_s>(keys::images_per_s),
    if_known<&VisitSample::disturbed>("disturbed"),
};

}  // namespace

static std::span<const JsonField<VisitSample>> fields_of(const VisitSample*) { return kFields; }

Json to_json(const VisitSample& sample) { return write_document(sample); }

VisitSample parse_visit_sample(const Json& json) {
  return read_document<VisitSample>(json, "sample of a visit");
}

}  // namespace tamis

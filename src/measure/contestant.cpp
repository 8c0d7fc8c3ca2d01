#include "measure/contestant.h"

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

Json to_json(const VisitSample& sample) {
  Json json{{"total_ns", sample.total_ns},
            {"inference_ns", sample.inference_ns},
            {"prepare_ns", sample.prepare_ns}};
  if (sample.images_per_s) json["images_per_s"] = *sample.images_per_s;
  if (sample.disturbed) json["disturbed"] = true;
  return json;
}

VisitSample parse_visit_sample(const Json& json) {
  VisitSample sample{json.at("total_ns").get<std::vector<double>>(),
                     json.at("inference_ns").get<std::vector<double>>(),
                     json.value("prepare_ns", std::vector<double>())};
  if (json.contains("images_per_s")) sample.images_per_s = json.at("images_per_s").get<double>();
  sample.disturbed = json.value("disturbed", false);
  return sample;
}

}  // namespace tamis

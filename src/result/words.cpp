#include "result/words.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/percent.h"
#include "base/units.h"
#include "result/decision_document.h"

namespace tamis {
namespace {

constexpr double kNoClaim = 0.5;  // at this confidence the point estimate decides

bool is_under_load(const ResultDocument& result) { return result.objective == "throughput"; }

const GateRow* find_gate(const ResultDocument& result, GateKind kind) {
  for (const GateRow& gate : result.gates)
    if (gate.kind == kind) return &gate;
  return nullptr;
}

std::string signed_percent(double fraction) { return fmt::format("{:+.2f} %", fraction * 100); }

std::string label(const ResultDocument& result, const std::string& id) {
  const VariantRow* variant = result.find(id);
  return variant == nullptr ? id : fmt::format("{} ({})", id, variant->name);
}

std::string bytes_of(const std::optional<double>& bytes) {
  return bytes_text(static_cast<std::uint64_t>(bytes.value_or(0)));
}

/// "0.4351, baseline 0.4359: −0.18 % (at 95% confidence no worse than −0.90 %), on 96 of 96 items".
std::string drop_sentence(const AccuracyRow& a, const std::string& metric, std::size_t together) {
  if (!a.drop) return "";
  const double confidence = std::max(a.confidence.value_or(kNoClaim), kNoClaim);
  const std::string whose = together > 1 && confidence > kNoClaim
                                ? fmt::format(" for {} variants together", together)
                                : std::string();
  return fmt::format(
      "{} {:.4f}, baseline {:.4f}: {} (at {} confidence{} no worse than {}), on {} "
      "of {} items",
      metric, a.value, a.baseline.value_or(0), signed_percent(-*a.drop), exact_percent(confidence),
      whose, signed_percent(-a.drop_high.value_or(0)), a.seen.value_or(0), a.items.value_or(0));
}

std::string accuracy_sentence(const ResultDocument& result, const VariantRow& v,
                              const std::string& metric, std::size_t together) {
  if (!v.accuracy) return "";
  std::string text = drop_sentence(*v.accuracy, metric, together);
  if (const GateRow* least = find_gate(result, GateKind::min_accuracy))
    text += fmt::format("; at least {:.4g} was asked for", least->limit.value_or(0));
  return text;
}

std::string latency_sentence(const ResultDocument& result, const GateFact& fact) {
  return fmt::format(
      "median latency{} {} ({}), limit {}", is_under_load(result) ? " under load" : "",
      milliseconds_text(fact.value.value_or(0)),
      fact.at_most ? "at most " + milliseconds_text(*fact.at_most) + " at the asked confidence"
                   : std::string("too few samples for an interval"),
      milliseconds_text(fact.limit.value_or(0)));
}

std::string gain_text(const Ratio& gain) {
  if (!gain.low || !gain.high)
    return fmt::format("{:.2f} (no interval: {})", gain.ratio,
                       gain.no_interval.value_or("unknown"));
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", gain.ratio, *gain.low, *gain.high);
}

std::string gain_sentence(const ResultDocument& result, const Ratio& gain) {
  std::string text =
      fmt::format("{} × {} the baseline, from {} paired rounds over {} instances", gain_text(gain),
                  is_under_load(result) ? "the images per second of" : "as fast as",
                  gain.rounds.value_or(0), gain.instances.value_or(0));
  if (gain.put_aside)
    text += fmt::format("; {} that the host slowed throughout were put aside", *gain.put_aside);
  return text;
}

std::string layers_sentence(const GivenBack& given) {
  constexpr std::size_t kNamed = 4;
  std::vector<std::string> named;
  for (std::size_t i = 0; i < std::min(kNamed, given.layers.size()); ++i)
    named.push_back(fmt::format("{} ({})", given.layers[i].node, layer_text(given.layers[i])));
  return fmt::format("{} of {} layers kept in FP32: {}{}", given.layers.size(), given.of,
                     fmt::join(named, ", "),
                     given.layers.size() > named.size()
                         ? fmt::format(" and {} more", given.layers.size() - named.size())
                         : "");
}

std::string closest_sentence(const ResultDocument& result, const std::string& id,
                             const std::string& metric) {
  const VariantRow* variant = result.find(id);
  return fmt::format("closest: {}: {}", label(result, id),
                     variant == nullptr ? "" : gate_reason(result, *variant, metric));
}

std::string tied_sentence(std::size_t variants, const char* chosen) {
  return fmt::format("{} variants are statistically tied{}", variants, chosen);
}

std::string reason_sentence(const ResultDocument& result, const Reason& reason,
                            const std::string& metric) {
  const VariantRow handed = result.handed_over() ? *result.handed_over() : VariantRow();
  const std::size_t variants = reason.variants.value_or(0);
  switch (reason.fact) {
    case ReasonKind::fastest:
      return "it is the fastest that meets the gates";
    case ReasonKind::most_accurate:
      return tied_sentence(variants, " in speed; chose the most accurate") +
             (result.data.truth == "baseline" ? " (agrees most with the baseline)" : "");
    case ReasonKind::fewest_steps:
      return tied_sentence(variants, "; chose the one with the fewest steps");
    case ReasonKind::defaults:
      return tied_sentence(variants, "; chose the one closest to the default settings");
    case ReasonKind::nothing_faster:
      return "no faster variant meets the gates";
    case ReasonKind::baseline_tied:
      return fmt::format(
          "{} variants, including the baseline, are statistically tied: no other one is a gain",
          variants);
    case ReasonKind::none_meets:
      return handed.recipe.empty()
                 ? "no variant meets the gates; the original model is handed over unchanged"
                 : "no variant meets the gates; the baseline is handed over";
    case ReasonKind::closest:
      return closest_sentence(result, reason.id.value_or(""), metric);
    case ReasonKind::nothing_judged:
      return "nothing could be judged";
    case ReasonKind::gain:
      return handed.speedup ? gain_sentence(result, *handed.speedup) : "";
    case ReasonKind::accuracy:
      return accuracy_sentence(result, handed, metric, variants);
    case ReasonKind::layers_in_fp32:
      return handed.given_back ? layers_sentence(*handed.given_back) : "";
    case ReasonKind::budget_ended:
      break;
  }
  return "the budget ended before everything was measured; the same command continues from here";
}

std::string more_items_sentence(const ResultDocument& result, const std::string& id) {
  const EstimatedRow estimated = result.fastest_estimated.value_or(EstimatedRow());
  return fmt::format(
      "{} is faster and is estimated to meet the gates, with probability {}{}", label(result, id),
      percent_of(estimated.probability.value_or(0)),
      estimated.items_needed
          ? fmt::format("; about {} evaluation items would settle it", *estimated.items_needed)
          : std::string());
}

std::string max_drop_sentence(const ResultDocument& result, const WhatIf& fact) {
  const GateRow* asked = find_gate(result, GateKind::max_drop);
  const VariantRow* variant = result.find(fact.id);
  const double gain = variant != nullptr && variant->speedup ? variant->speedup->ratio : 1;
  return fmt::format(
      "with --max-drop {:.2f}{}, {} would qualify ({:.2f} × as fast as the baseline)",
      fact.limit.value_or(0) * 100, asked == nullptr || asked->relative ? "%" : "pt",
      label(result, fact.id), gain);
}

}  // namespace

std::string gate_sentence(const GateRow& gate, const std::string& metric, bool under_load) {
  const double limit = gate.limit.value_or(0);
  switch (gate.kind) {
    case GateKind::max_drop:
      return fmt::format("{} at most {:.4g} {} below the baseline's", metric, limit * 100,
                         gate.relative ? "%" : "points");
    case GateKind::min_accuracy:
      return fmt::format("{} at least {:.4g}", metric, limit);
    case GateKind::max_latency:
      return fmt::format("median latency{} at most {}", under_load ? " under load" : "",
                         milliseconds_text(limit));
    case GateKind::max_size:
      return "file at most " + bytes_of(limit);
    case GateKind::max_memory:
      break;
  }
  return "peak memory at most " + bytes_of(limit);
}

std::string gate_reason(const ResultDocument& result, const VariantRow& variant,
                        const std::string& metric) {
  if (!variant.gate_fact) return variant.gate_reason;
  const GateFact& fact = *variant.gate_fact;
  switch (fact.fact) {
    case GateFactKind::accuracy:
      return accuracy_sentence(result, variant, metric, fact.together.value_or(1));
    case GateFactKind::latency:
      return latency_sentence(result, fact);
    case GateFactKind::no_latency:
      return "latency was not measured";
    case GateFactKind::size:
      return fmt::format("file of {}, limit {}", bytes_of(fact.value), bytes_of(fact.limit));
    case GateFactKind::memory:
      return fmt::format("peak memory {}, limit {}", bytes_of(fact.value), bytes_of(fact.limit));
    case GateFactKind::clearly_slower:
      break;
  }
  return "accuracy not evaluated: clearly slower than a variant that meets the gates";
}

std::vector<std::string> reason_sentences(const ResultDocument& result, const std::string& metric) {
  std::vector<std::string> sentences;
  for (const Reason& reason : result.reason_facts)
    sentences.push_back(reason_sentence(result, reason, metric));
  return sentences;
}

std::vector<std::string> what_if_sentences(const ResultDocument& result) {
  std::vector<std::string> sentences;
  for (const WhatIf& fact : result.what_if_facts)
    sentences.push_back(fact.fact == WhatIfKind::more_items ? more_items_sentence(result, fact.id)
                                                            : max_drop_sentence(result, fact));
  return sentences;
}

std::string layer_text(const Fp32Layer& layer) {
  std::string text = fmt::format("{:+.1f} dB at the output", layer.gain_db);
  if (layer.gain_closeness)
    text += fmt::format(", predictions {:+.4f} closer", *layer.gain_closeness);
  if (layer.together > 1) {
    const std::size_t others = layer.together - 1;
    text += fmt::format(" ({} {} {}{})", layer.only_together ? "with" : "its share with", others,
                        layer.only_together ? "other" : "neighbour", others == 1 ? "" : "s");
  }
  if (layer.extra_ms) text += fmt::format(" for {:.2f} ms", *layer.extra_ms);
  return text;
}

void add_sentences(ResultDocument& result, const std::string& metric) {
  const bool under_load = is_under_load(result);
  for (GateRow& gate : result.gates)
    if (gate.text.empty()) gate.text = gate_sentence(gate, metric, under_load);
  for (VariantRow& v : result.variants) {
    v.gate_reason = gate_reason(result, v, metric);
    if (v.given_back)
      for (Fp32Layer& layer : v.given_back->layers)
        layer.reason = "kept in FP32: " + layer_text(layer);
  }
  if (!result.reason_facts.empty()) result.reasons = reason_sentences(result, metric);
  if (!result.what_if_facts.empty()) result.counterfactuals = what_if_sentences(result);
  if (result.nearest_miss)
    if (const VariantRow* nearest = result.find(result.nearest_miss->id);
        nearest != nullptr && nearest->gate_fact)
      result.nearest_miss->text = nearest->gate_reason;
}

Json write_result(const ResultDocument& result) {
  ResultDocument told = result;
  add_sentences(told, told.model.metric);
  return write_document(told);
}

Json write_decision(const ResultDocument& result) {
  ResultDocument told = result;
  add_sentences(told, told.model.metric);
  return write_document(make_decision(told));
}

}  // namespace tamis

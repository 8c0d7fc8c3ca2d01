#include "quantize/corrections.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace tamis {

namespace {

using Level = CorrectionLevel;

constexpr std::array<CorrectionKind, 5> kKinds{{
    {"channel equalisation", Level::fast, false, attempt_equalising},
    {"SmoothQuant", Level::fast, false, attempt_smoothing},
    {"weight clipping", Level::all, true, attempt_clipping},
    {"weight rounding", Level::all, true, attempt_rounding},
    {"sequential bias correction", Level::all, false, attempt_sequential_bias},
}};

std::string judged_text(const std::string& what, const Score& after, const Score& before,
                        const Interval& gain, bool by_closeness) {
  char text[160];
  const char* const plural = before.size() == 1 ? "" : "s";
  if (by_closeness)
    std::snprintf(text, sizeof text,
                  ": predictions %.4f close to the float model's instead of %.4f (gain %+.4f to "
                  "%+.4f, the mean decides) on %zu image%s set aside",
                  mean(after), mean(before), gain.low, gain.high, before.size(), plural);
  else
    std::snprintf(
        text, sizeof text,
        ": output SNR %.2f dB instead of %.2f dB (gain %+.2f to %+.2f) on %zu image%s set aside",
        mean(after), mean(before), gain.low, gain.high, before.size(), plural);
  return what + text;
}

/// Carries the best form and its score from correction to correction.
class Corrector {
 public:
  Corrector(Form& form, HeldAside& held, const CorrectionTools& tools)
      : form_(form), held_(held), tools_(tools) {}

  void try_kind(const CorrectionKind& kind) {
    std::vector<Attempt> attempts = kind.attempts(form_, tools_);
    if (attempts.empty()) return;
    if (held_.size() == 0) {
      note({std::string(kind.name), false,
            attempts.front().what + ": not tried: fewer than " + std::to_string(HeldAside::kEvery) +
                " images leave none to judge it on",
            std::nullopt, std::nullopt});
      return;
    }
    const Score before = score_now();
    form_.report.held_aside = before.size();
    Attempt* best = nullptr;
    Score best_score;
    for (Attempt& attempt : attempts) {
      Score score = judge_->score(write_form(attempt.form, tools_.options).graph);
      if (best != nullptr && mean(score) <= mean(best_score)) continue;
      best = &attempt;
      best_score = std::move(score);
    }
    const Interval gain = gain_interval(before, best_score);
    Correction correction{std::string(kind.name), judge_->helps(before, best_score),
                          judged_text(best->what, best_score, before, gain, judge_->by_closeness()),
                          std::nullopt, std::nullopt};
    (judge_->by_closeness() ? correction.gain_closeness : correction.gain_db) =
        mean(best_score) - mean(before);
    if (correction.kept) keep(std::move(best->form), std::move(best_score));
    note(std::move(correction));
  }

 private:
  const Score& score_now() {
    if (!judge_) judge_.emplace(*form_.parent, tools_.open, held_, tools_.comparison);
    if (score_.empty()) score_ = judge_->score(write_form(form_, tools_.options).graph);
    return score_;
  }

  void keep(Form better, Score score) {
    better.report.corrections = std::move(form_.report.corrections);
    better.report.held_aside = form_.report.held_aside;
    form_ = std::move(better);
    score_ = std::move(score);
  }

  void note(Correction correction) { form_.report.corrections.push_back(std::move(correction)); }

  Form& form_;
  HeldAside& held_;
  const CorrectionTools& tools_;
  std::optional<Judge> judge_;
  Score score_;
};

}  // namespace

bool wants_rows(CorrectionLevel level) {
  return std::any_of(kKinds.begin(), kKinds.end(), [&](const CorrectionKind& kind) {
    return kind.wants_rows && kind.level <= level;
  });
}

std::string layers_text(std::size_t layers) {
  return std::to_string(layers) + (layers == 1 ? " layer" : " layers");
}

void correct(Form& form, HeldAside& held, const CorrectionTools& tools) {
  Corrector corrector(form, held, tools);
  for (const CorrectionKind& kind : kKinds) {
    if (kind.level <= tools.options.corrections) corrector.try_kind(kind);
  }
}

}  // namespace tamis

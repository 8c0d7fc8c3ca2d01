#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantize/form.h"
#include "quantize/judge.h"
#include "quantize/quantize.h"

namespace tamis {

/// What corrections work with.
struct CorrectionTools {
  const QuantizeOptions& options;
  const OpenSession& open;                    ///< the runtime that ranges were observed in
  const FeedCalibration& feed;                ///< the samples that ranges were observed on
  const OutputComparison& comparison;         ///< what judges
  std::function<Form(Graph parent)> form_of;  ///< the whole way again for a changed float graph
};

/// A form changed, and in how much of the model: "63 layers".
struct Attempt {
  Form form;
  std::string what;
};

/// A row of the table. A correction looks at a form and gives a changed one, or nothing where it
/// does not apply.
struct CorrectionKind {
  std::string_view name;
  CorrectionLevel level;  ///< from which on it is tried
  bool wants_rows;        ///< needs LayerInput::rows
  std::vector<Attempt> (*attempts)(const Form& form, const CorrectionTools& tools);
};

/// Whether a correction of the level needs LayerInput::rows.
bool wants_rows(CorrectionLevel level);

/// Tries the corrections of the options' level on a form and keeps each that helps (judge.h) on the
/// samples held aside; of several attempts of one kind the best. What was tried goes into the
/// form's report. Without samples held aside nothing is tried, which is said. Throws what running
/// the float model throws.
void correct(Form& form, HeldAside& held, const CorrectionTools& tools);

std::string layers_text(std::size_t layers);  ///< "1 layer", "63 layers"

// ---- the kinds, one file each ----

/// Channel equalisation (equalise.h).
std::vector<Attempt> attempt_equalising(const Form& form, const CorrectionTools& tools);

/// Layer by layer on the quantised model as corrected so far: the mean of each output channel over
/// a few samples becomes that of the float model. Sees the error of activations too; one run of the
/// samples per layer.
///
/// Source        Nagel et al. 2021, arXiv:2106.08295, section 3.3.1, "Empirical bias correction".
std::vector<Attempt> attempt_sequential_bias(const Form& form, const CorrectionTools& tools);

/// Clips weights where that lowers the layer's output error: per output channel the scale, down to
/// half of that of the largest weight, of least e^T G e; e = W' - W, G = E[x x^T] over the sampled
/// rows, in blocks (gram.h).
///
/// Source        Banner et al. 2019, arXiv:1810.05723, on the output instead of the weights.
std::vector<Attempt> attempt_clipping(const Form& form, const CorrectionTools& tools);

/// descend() (weight_row.h) on the layer's output error e^T G e with G = E[x x^T] over the sampled
/// rows, in wider blocks than those that every form is rounded by (constants.h).
std::vector<Attempt> attempt_rounding(const Form& form, const CorrectionTools& tools);

/// SmoothQuant (smooth.h), alpha .5 and its neighbours.
std::vector<Attempt> attempt_smoothing(const Form& form, const CorrectionTools& tools);

}  // namespace tamis

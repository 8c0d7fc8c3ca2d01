#include "quantize/form.h"

#include "quantize/input_kinds.h"
#include "quantize/placement.h"
#include "quantize/products.h"
#include "quantize/rewrite.h"
#include "quantize/tensorrt.h"

namespace tamis {

Plan plan_for(const Graph& graph, const QuantizeOptions& options,
              const std::map<std::string, std::string>& too_wide) {
  Plan plan = plan_quantisation(graph, options, too_wide);
  if (options.target == QuantizeTarget::tensorrt)
    for (ComputeNode& compute : plan.compute) compute.bias.reset();
  return plan;
}

const LayerInput* input_of(const Planned& planned, const ComputeNode& compute) {
  return find_input(planned.inputs, planned.graph, compute);
}

Written write_form(const Form& form, const QuantizeOptions& options) {
  Written written{form.planned->graph, {}};
  // Made again, as a plan points into its graph.
  const Plan plan = plan_for(written.graph, options, form.planned->too_wide);
  const bool for_tensorrt = options.target == QuantizeTarget::tensorrt;
  written.computed = write_quantised(written.graph, plan, form.planned->affines, form.constants,
                                     writes_quick_gelu(options));
  if (for_tensorrt) make_pairs_signed(written.graph);
  merge_equal_weights(written.graph);
  if (!for_tensorrt && options.target != QuantizeTarget::openvino)
    drop_zero_points_of_products(written.graph);
  written.graph.verify();
  return written;
}

}  // namespace tamis

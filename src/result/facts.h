#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json_fields.h"

namespace tamis {

// What a search found out, without words: result/words.h makes sentences of it.

/// What decided the gate of a variant. Figures that stand in its row are not repeated.
enum class GateFactKind {
  accuracy,       ///< as the row's accuracy tells
  latency,        ///< `value` is the median in ms, `at_most` its upper end, `limit` the gate's
  no_latency,     ///< a latency gate, and nothing was timed
  size,           ///< `value` and `limit` in bytes
  memory,         ///< the same
  clearly_slower  ///< than a variant that meets the gates: its accuracy was not looked at
};
std::string_view to_text(GateFactKind kind);
std::span<const GateFactKind> values_of(const GateFactKind*);

struct GateFact {
  GateFactKind fact = GateFactKind::accuracy;
  std::optional<double> value;
  std::optional<double> at_most;  ///< absent: too few samples for an interval
  std::optional<double> limit;
  std::optional<std::size_t> together;  ///< of accuracy: for so many variants together
  bool operator==(const GateFact&) const = default;
};
std::span<const JsonField<GateFact>> fields_of(const GateFact*);

/// Why the search decided as it did.
enum class ReasonKind {
  fastest,         ///< the only one that is not behind another
  most_accurate,   ///< of `variants` that are tied in speed
  fewest_steps,    ///< the same, and none is established as the most accurate
  defaults,        ///< the same, and they have equally many steps
  nothing_faster,  ///< the baseline: no faster variant meets the gates
  baseline_tied,   ///< the baseline: `variants` are tied with it
  none_meets,      ///< no variant meets the gates
  closest,         ///< `id` came closest to them
  nothing_judged,  ///< none could be judged
  gain,            ///< what the pick gains in speed
  accuracy,        ///< what the pick's accuracy is
  layers_in_fp32,  ///< which layers of the pick are in FP32
  budget_ended     ///< before everything was measured
};
std::string_view to_text(ReasonKind kind);
std::span<const ReasonKind> values_of(const ReasonKind*);

struct Reason {
  ReasonKind fact = ReasonKind::fastest;
  std::optional<std::size_t> variants;
  std::optional<std::string> id;
  bool operator==(const Reason&) const = default;
};
std::span<const JsonField<Reason>> fields_of(const Reason*);

/// What would change the decision.
enum class WhatIfKind {
  more_items,  ///< `id` is faster and is only estimated to meet the gates
  max_drop     ///< with this --max-drop, a fraction, `id` would qualify
};
std::string_view to_text(WhatIfKind kind);
std::span<const WhatIfKind> values_of(const WhatIfKind*);

struct WhatIf {
  WhatIfKind fact = WhatIfKind::more_items;
  std::string id;
  std::optional<double> limit;
  bool operator==(const WhatIf&) const = default;
};
std::span<const JsonField<WhatIf>> fields_of(const WhatIf*);

}  // namespace tamis

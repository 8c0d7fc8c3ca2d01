#include "result/facts.h"

#include "result/keys.h"

namespace tamis {
namespace {

constexpr JsonField<GateFact> kGateFact[] = {
    needed<&GateFact::fact>("fact"),           if_known<&GateFact::value>(keys::value),
    if_known<&GateFact::at_most>("at_most"),   if_known<&GateFact::limit>("limit"),
    if_known<&GateFact::together>("together"),
};

constexpr JsonField<Reason> kReason[] = {
    needed<&Reason::fact>("fact"),
    if_known<&Reason::variants>(keys::variants),
    if_known<&Reason::id>(keys::id),
};

constexpr JsonField<WhatIf> kWhatIf[] = {
    needed<&WhatIf::fact>("fact"),
    needed<&WhatIf::id>(keys::id),
    if_known<&WhatIf::limit>("limit"),
};

constexpr GateFactKind kGateFactKinds[] = {GateFactKind::accuracy,   GateFactKind::latency,
                                           GateFactKind::no_latency, GateFactKind::size,
                                           GateFactKind::memory,     GateFactKind::clearly_slower};
constexpr ReasonKind kReasonKinds[] = {
    ReasonKind::fastest,     ReasonKind::most_accurate,  ReasonKind::fewest_steps,
    ReasonKind::defaults,    ReasonKind::nothing_faster, ReasonKind::baseline_tied,
    ReasonKind::none_meets,  ReasonKind::closest,        ReasonKind::nothing_judged,
    ReasonKind::gain,        ReasonKind::accuracy,       ReasonKind::layers_in_fp32,
    ReasonKind::budget_ended};
constexpr WhatIfKind kWhatIfKinds[] = {WhatIfKind::more_items, WhatIfKind::max_drop};

}  // namespace

std::string_view to_text(GateFactKind kind) {
  switch (kind) {
    case GateFactKind::accuracy:
      return "accuracy";
    case GateFactKind::latency:
      return "latency";
    case GateFactKind::no_latency:
      return "no_latency";
    case GateFactKind::size:
      return "size";
    case GateFactKind::memory:
      return "memory";
    case GateFactKind::clearly_slower:
      break;
  }
  return "clearly_slower";
}

std::string_view to_text(ReasonKind kind) {
  switch (kind) {
    case ReasonKind::fastest:
      return "fastest";
    case ReasonKind::most_accurate:
      return "most_accurate";
    case ReasonKind::fewest_steps:
      return "fewest_steps";
    case ReasonKind::defaults:
      return "defaults";
    case ReasonKind::nothing_faster:
      return "nothing_faster";
    case ReasonKind::baseline_tied:
      return "baseline_tied";
    case ReasonKind::none_meets:
      return "none_meets";
    case ReasonKind::closest:
      return "closest";
    case ReasonKind::nothing_judged:
      return "nothing_judged";
    case ReasonKind::gain:
      return "gain";
    case ReasonKind::accuracy:
      return "accuracy";
    case ReasonKind::layers_in_fp32:
      return "layers_in_fp32";
    case ReasonKind::budget_ended:
      break;
  }
  return "budget_ended";
}

std::string_view to_text(WhatIfKind kind) {
  switch (kind) {
    case WhatIfKind::more_items:
      return "more_items";
    case WhatIfKind::max_drop:
      break;
  }
  return "max_drop";
}

std::span<const GateFactKind> values_of(const GateFactKind*) { return kGateFactKinds; }
std::span<const ReasonKind> values_of(const ReasonKind*) { return kReasonKinds; }
std::span<const WhatIfKind> values_of(const WhatIfKind*) { return kWhatIfKinds; }

std::span<const JsonField<GateFact>> fields_of(const GateFact*) { return kGateFact; }
std::span<const JsonField<Reason>> fields_of(const Reason*) { return kReason; }
std::span<const JsonField<WhatIf>> fields_of(const WhatIf*) { return kWhatIf; }

}  // namespace tamis

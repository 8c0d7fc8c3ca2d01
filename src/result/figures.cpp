#include "result/figures.h"

#include "result/keys.h"

namespace tamis {
namespace {

constexpr JsonField<Timing> kTiming[] = {
    needed<&Timing::median>(keys::median),
    known<&Timing::mean>("mean"),
    known<&Timing::low>(keys::low),
    known<&Timing::high>(keys::high),
    known<&Timing::within_low>(keys::within_low),
    known<&Timing::within_high>(keys::within_high),
    known<&Timing::p95>(keys::p95),
    known<&Timing::p99>("p99"),
    if_known<&Timing::samples>(keys::samples),
    if_known<&Timing::instances>(keys::instances),
    if_known<&Timing::inferences>("inferences"),
    known<&Timing::distribution>("distribution"),
};

constexpr JsonField<Rate> kRate[] = {
    needed<&Rate::median>(keys::median),
    if_known<&Rate::samples>(keys::samples),
    if_known<&Rate::instances>(keys::instances),
    known<&Rate::low>(keys::low),
    known<&Rate::high>(keys::high),
    known<&Rate::within_low>(keys::within_low),
    known<&Rate::within_high>(keys::within_high),
    if_known<&Rate::in_flight>(keys::in_flight),
    if_known<&Rate::batch>(keys::batch),
};

constexpr JsonField<Ratio> kRatio[] = {
    needed<&Ratio::ratio>(keys::ratio),
    known<&Ratio::low>(keys::low),
    known<&Ratio::high>(keys::high),
    known<&Ratio::no_interval>("no_interval"),
    if_known<&Ratio::rounds>(keys::rounds),
    if_known<&Ratio::instances>(keys::instances),
    if_known<&Ratio::put_aside>("put_aside"),
    known<&Ratio::instances_differ>("instances_differ"),
    known<&Ratio::within_low>(keys::within_low),
    known<&Ratio::within_high>(keys::within_high),
};

constexpr JsonField<ComparedPair> kComparedPair[] = {
    group<&ComparedPair::ratio>(),
    needed<&ComparedPair::verdict>(keys::verdict),
    needed<&ComparedPair::a>("a"),
    needed<&ComparedPair::b>("b"),
};

constexpr JsonField<LatencySpan> kLatencySpan[] = {
    needed<&LatencySpan::median>(keys::median),
    known<&LatencySpan::low>(keys::low),
    known<&LatencySpan::high>(keys::high),
};

constexpr JsonField<ComparedLatencies> kComparedLatencies[] = {
    needed<&ComparedLatencies::model>(keys::model),
    known<&ComparedLatencies::against>("against"),
    group<&ComparedLatencies::ratio>(),
    known<&ComparedLatencies::verdict>(keys::verdict),
};

constexpr JsonField<WarningRow> kWarning[] = {
    needed<&WarningRow::text>("text"),
    if_known<&WarningRow::remedy>("remedy"),
};

constexpr JsonField<EnvironmentRow> kEnvironment[] = {
    object<&EnvironmentRow::machine>("machine"),
    known<&EnvironmentRow::warnings>(keys::warnings),
    if_known<&EnvironmentRow::runtimes>("runtimes"),
};

constexpr Verdict kVerdicts[] = {Verdict::faster, Verdict::slower, Verdict::not_distinguishable};

}  // namespace

std::span<const JsonField<Timing>> fields_of(const Timing*) { return kTiming; }
std::span<const JsonField<Rate>> fields_of(const Rate*) { return kRate; }
std::span<const JsonField<Ratio>> fields_of(const Ratio*) { return kRatio; }
std::span<const JsonField<ComparedPair>> fields_of(const ComparedPair*) { return kComparedPair; }
std::span<const JsonField<LatencySpan>> fields_of(const LatencySpan*) { return kLatencySpan; }
std::span<const JsonField<ComparedLatencies>> fields_of(const ComparedLatencies*) {
  return kComparedLatencies;
}
std::span<const JsonField<WarningRow>> fields_of(const WarningRow*) { return kWarning; }
std::span<const JsonField<EnvironmentRow>> fields_of(const EnvironmentRow*) { return kEnvironment; }
std::span<const Verdict> values_of(const Verdict*) { return kVerdicts; }

}  // namespace tamis

#include "result/command_documents.h"

#include "result/keys.h"

namespace tamis {
namespace {

constexpr JsonField<BenchVariant> kBenchVariant[] = {
    needed<&BenchVariant::name>(keys::name),
    needed<&BenchVariant::latency_ms>(keys::latency_ms),
    known<&BenchVariant::inference_ms>(keys::inference_ms),
    known<&BenchVariant::samples>(keys::samples),
    known<&BenchVariant::images_per_s>(keys::images_per_s),
    if_known<&BenchVariant::in_flight>(keys::in_flight),
    known<&BenchVariant::from_file_ms>(keys::from_file_ms),
    group<&BenchVariant::opening>(),
    known<&BenchVariant::effective>(keys::effective),
};

constexpr JsonField<BenchDocument> kBenchDocument[] = {
    needed<&BenchDocument::schema>(keys::schema),
    known<&BenchDocument::objective>(keys::objective),
    known<&BenchDocument::rounds>(keys::rounds),
    known<&BenchDocument::instances>(keys::instances),
    known<&BenchDocument::confidence>(keys::confidence),
    known<&BenchDocument::variants>(keys::variants),
    known<&BenchDocument::data>(keys::data),
    known<&BenchDocument::comparisons>(keys::comparisons),
    known<&BenchDocument::environment>(keys::environment),
};

constexpr JsonField<EvalDocument> kEvalDocument[] = {
    needed<&EvalDocument::schema>(keys::schema),
    known<&EvalDocument::metric>(keys::metric),
    known<&EvalDocument::value>(keys::value),
    known<&EvalDocument::low>(keys::low),
    known<&EvalDocument::high>(keys::high),
    known<&EvalDocument::confidence>(keys::confidence),
    known<&EvalDocument::metrics>("metrics"),
    known<&EvalDocument::items>(keys::items),
    known<&EvalDocument::items_planned>("items_planned"),
    known<&EvalDocument::data>(keys::data),
    known<&EvalDocument::complete>("complete"),
    known<&EvalDocument::load_s>("load_s"),
    known<&EvalDocument::inference_s>("inference_s"),
    known<&EvalDocument::evaluate_s>("evaluate_s"),
    known<&EvalDocument::wall_s>(keys::wall_s),
};

constexpr JsonField<BuiltRow> kBuiltRow[] = {
    needed<&BuiltRow::size_bytes>(keys::size_bytes),
    needed<&BuiltRow::wall_s>(keys::wall_s),
    needed<&BuiltRow::peak_memory_bytes>(keys::peak_memory_bytes),
};

constexpr JsonField<ApplyDocument> kApplyDocument[] = {
    needed<&ApplyDocument::schema>(keys::schema),
    known<&ApplyDocument::model>(keys::model),
    known<&ApplyDocument::steps>("steps"),
    known<&ApplyDocument::io>("io"),
    known<&ApplyDocument::card>(keys::card),
    known<&ApplyDocument::refused>("refused"),
    group<&ApplyDocument::built>(),
};

constexpr JsonField<CalibratedRow> kCalibratedRow[] = {
    if_known<&CalibratedRow::warnings>(keys::warnings),
    if_known<&CalibratedRow::corrections>("corrections"),
    if_known<&CalibratedRow::held_aside>("held_aside"),
    if_known<&CalibratedRow::parent>("parent"),
    if_known<&CalibratedRow::method>("method"),
    if_known<&CalibratedRow::weights>("weights"),
    if_known<&CalibratedRow::statistics_cached>("statistics_cached"),
    if_known<&CalibratedRow::calibrate_s>("calibrate_s"),
};

constexpr JsonField<QuantizeDocument> kQuantizeDocument[] = {
    needed<&QuantizeDocument::schema>(keys::schema),
    known<&QuantizeDocument::model>(keys::model),
    known<&QuantizeDocument::precision>("precision"),
    known<&QuantizeDocument::notes>("notes"),
    known<&QuantizeDocument::kept_in_float>("kept_in_float"),
    known<&QuantizeDocument::quantised_nodes>("quantised_nodes"),
    known<&QuantizeDocument::calibrated_on>("calibrated_on"),
    known<&QuantizeDocument::data>(keys::data),
    known<&QuantizeDocument::refused>("refused"),
    known<&QuantizeDocument::checks>("checks"),
    group<&QuantizeDocument::built>(),
    group<&QuantizeDocument::calibrated>(),
};

constexpr JsonField<FittedRow> kFittedRow[] = {
    known<&FittedRow::layers>("layers"),       known<&FittedRow::channels>("channels"),
    known<&FittedRow::fitted>("fitted"),       known<&FittedRow::held_out>("held_out"),
    known<&FittedRow::threshold>("threshold"), known<&FittedRow::notes>("notes"),
};

constexpr JsonField<FitDocument> kFitDocument[] = {
    needed<&FitDocument::schema>(keys::schema),
    known<&FitDocument::model>(keys::model),
    known<&FitDocument::method>("method"),
    group<&FitDocument::built>(),
    group<&FitDocument::fitted>(),
    known<&FitDocument::data>(keys::data),
};

}  // namespace

std::span<const JsonField<BenchVariant>> fields_of(const BenchVariant*) { return kBenchVariant; }
std::span<const JsonField<BenchDocument>> fields_of(const BenchDocument*) { return kBenchDocument; }
std::span<const JsonField<EvalDocument>> fields_of(const EvalDocument*) { return kEvalDocument; }
std::span<const JsonField<BuiltRow>> fields_of(const BuiltRow*) { return kBuiltRow; }
std::span<const JsonField<ApplyDocument>> fields_of(const ApplyDocument*) { return kApplyDocument; }
std::span<const JsonField<QuantizeDocument>> fields_of(const QuantizeDocument*) {
  return kQuantizeDocument;
}
std::span<const JsonField<CalibratedRow>> fields_of(const CalibratedRow*) { return kCalibratedRow; }
std::span<const JsonField<FittedRow>> fields_of(const FittedRow*) { return kFittedRow; }
std::span<const JsonField<FitDocument>> fields_of(const FitDocument*) { return kFitDocument; }

}  // namespace tamis

#include "result/document.h"

#include <fmt/format.h>

#include "base/error.h"
#include "result/keys.h"

namespace tamis {
namespace {

constexpr JsonField<GateRow> kGate[] = {
    needed<&GateRow::kind>("kind"),
    known<&GateRow::text>("text"),
    known<&GateRow::limit>("limit"),
    known<&GateRow::relative>("relative"),
};

constexpr JsonField<AccuracyRow> kAccuracy[] = {
    known<&AccuracyRow::metric>(keys::metric),
    needed<&AccuracyRow::value>(keys::value),
    known<&AccuracyRow::low>(keys::low),
    known<&AccuracyRow::high>(keys::high),
    known<&AccuracyRow::baseline>(keys::baseline),
    if_known<&AccuracyRow::items>(keys::items),
    if_known<&AccuracyRow::seen>("seen"),
    object<&AccuracyRow::figures>("figures"),
    known<&AccuracyRow::drop>(keys::drop),
    known<&AccuracyRow::drop_low>("drop_low"),
    known<&AccuracyRow::drop_high>("drop_high"),
    if_known<&AccuracyRow::drop_kind>(keys::drop_kind),
    if_known<&AccuracyRow::confidence>(keys::confidence),
    known<&AccuracyRow::probability>(keys::probability),
};

constexpr JsonField<FailureRow> kFailure[] = {
    needed<&FailureRow::code>("code"),
    needed<&FailureRow::text>("text"),
    known<&FailureRow::command>("command"),
};

constexpr JsonField<Fp32Layer> kFp32Layer[] = {
    needed<&Fp32Layer::node>("node"),
    known<&Fp32Layer::gain_db>("gain_db"),
    known<&Fp32Layer::together>("together"),
    known<&Fp32Layer::only_together>("only_together"),
    known<&Fp32Layer::gain_closeness>("gain_closeness"),
    known<&Fp32Layer::extra_ms>("extra_ms"),
    known<&Fp32Layer::reason>("reason"),
};

constexpr JsonField<GivenBack> kGivenBack[] = {
    needed<&GivenBack::from>("from"),
    needed<&GivenBack::layers>("layers"),
    known<&GivenBack::of>("of"),
};

constexpr JsonField<OpeningRow> kOpening[] = {
    known<&OpeningRow::load_ms>(keys::load_ms),
    known<&OpeningRow::compile_ms>(keys::compile_ms),
    known<&OpeningRow::first_ms>(keys::first_ms),
    known<&OpeningRow::peak_memory_bytes>(keys::peak_memory_bytes),
};

constexpr JsonField<VariantRow> kVariant[] = {
    needed<&VariantRow::id>(keys::id),
    needed<&VariantRow::name>(keys::name),
    known<&VariantRow::recipe>(keys::recipe),
    object<&VariantRow::settings>(keys::settings),
    needed<&VariantRow::state>(keys::state),
    known<&VariantRow::gate>(keys::gate),
    known<&VariantRow::gate_reason>("gate_reason"),
    if_known<&VariantRow::gate_fact>("gate_fact"),
    known<&VariantRow::latency_ms>(keys::latency_ms),
    known<&VariantRow::images_per_s>(keys::images_per_s),
    known<&VariantRow::timed_in>("timed_in"),
    known<&VariantRow::inference_ms>(keys::inference_ms),
    known<&VariantRow::prepare_ms>("prepare_ms"),
    known<&VariantRow::from_file_ms>(keys::from_file_ms),
    group<&VariantRow::opening>(),
    known<&VariantRow::size_bytes>(keys::size_bytes),
    known<&VariantRow::accuracy>(keys::accuracy),
    known<&VariantRow::speedup>(keys::speedup),
    known<&VariantRow::verdict>(keys::verdict),
    object<&VariantRow::effective>(keys::effective),
    known<&VariantRow::failure>("failure"),
    known<&VariantRow::given_back>("given_back"),
};

constexpr JsonField<ModelRow> kModel[] = {
    if_known<&ModelRow::path>(keys::path),
    needed<&ModelRow::name>(keys::name),
    if_known<&ModelRow::hash>(keys::hash),
    if_known<&ModelRow::size_bytes>(keys::size_bytes),
    if_known<&ModelRow::task>("task"),
    known<&ModelRow::metric>(keys::metric),
    if_known<&ModelRow::input_size>("input_size"),
    if_known<&ModelRow::parameters>("parameters"),
    if_known<&ModelRow::macs>("macs"),
};

constexpr JsonField<SplitRow> kSplit[] = {
    needed<&SplitRow::path>(keys::path),
    if_known<&SplitRow::split>("split"),
    needed<&SplitRow::items>(keys::items),
};

constexpr JsonField<DataRow> kData[] = {
    known<&DataRow::evaluation>("evaluation"),
    known<&DataRow::about>("about"),
    known<&DataRow::notes>("notes"),
    if_known<&DataRow::truth>("truth"),
    known<&DataRow::caveat>("caveat"),
    known<&DataRow::skipped>("skipped"),
    known<&DataRow::calibration>("calibration"),
};

constexpr JsonField<EstimatedRow> kEstimated[] = {
    needed<&EstimatedRow::id>(keys::id),
    known<&EstimatedRow::probability>(keys::probability),
    known<&EstimatedRow::items_needed>(keys::items_needed),
};

constexpr JsonField<NearestMiss> kNearestMiss[] = {
    needed<&NearestMiss::id>(keys::id),
    known<&NearestMiss::text>("text"),
};

constexpr JsonField<CountsRow> kCounts[] = {
    known<&CountsRow::variants>(keys::variants),
    known<&CountsRow::measured>("measured"),
    known<&CountsRow::evaluated>("evaluated"),
    known<&CountsRow::failed>("failed"),
};

constexpr JsonField<FileRow> kFile[] = {
    needed<&FileRow::bytes>("bytes"),
    needed<&FileRow::hash>(keys::hash),
};

constexpr JsonField<ResultDocument> kResult[] = {
    needed<&ResultDocument::schema>(keys::schema),
    needed<&ResultDocument::status>(keys::status),
    known<&ResultDocument::command>("command"),
    known<&ResultDocument::created>("created"),
    known<&ResultDocument::wall_s>(keys::wall_s),
    known<&ResultDocument::tamis_version>(keys::tamis_version),
    needed<&ResultDocument::model>(keys::model),
    object<&ResultDocument::card>(keys::card),
    known<&ResultDocument::data>(keys::data),
    known<&ResultDocument::gates>("gates"),
    known<&ResultDocument::confidence>(keys::confidence),
    known<&ResultDocument::objective>(keys::objective),
    if_known<&ResultDocument::latency_from>("latency_from"),
    known<&ResultDocument::baseline>(keys::baseline),
    known<&ResultDocument::pick>(keys::pick),
    known<&ResultDocument::runner_up>(keys::runner_up),
    known<&ResultDocument::fastest_estimated>(keys::fastest_estimated),
    known<&ResultDocument::nearest_miss>(keys::nearest_miss),
    known<&ResultDocument::reasons>(keys::reasons),
    known<&ResultDocument::counterfactuals>(keys::counterfactuals),
    if_known<&ResultDocument::reason_facts>("reason_facts"),
    if_known<&ResultDocument::what_if_facts>("what_if_facts"),
    known<&ResultDocument::caller_changes>("caller_changes"),
    if_known<&ResultDocument::counts>(keys::counts),
    known<&ResultDocument::variants>(keys::variants),
    known<&ResultDocument::comparisons>(keys::comparisons),
    object<&ResultDocument::changes>("changes"),
    object<&ResultDocument::explain>("explain"),
    known<&ResultDocument::environment>(keys::environment),
    known<&ResultDocument::warnings>(keys::warnings),
    if_known<&ResultDocument::files>("files"),
};

constexpr ResultStatus kStatuses[] = {ResultStatus::met, ResultStatus::nearest_miss,
                                      ResultStatus::interrupted};
constexpr VariantState kStates[] = {VariantState::planned, VariantState::measured,
                                    VariantState::screened_out, VariantState::raced,
                                    VariantState::failed};
constexpr GateOutcome kOutcomes[] = {GateOutcome::met, GateOutcome::estimated, GateOutcome::missed,
                                     GateOutcome::undecided};
constexpr DropKind kDropKinds[] = {DropKind::relative, DropKind::absolute};
constexpr GateKind kGateKinds[] = {GateKind::max_drop, GateKind::min_accuracy,
                                   GateKind::max_latency, GateKind::max_size, GateKind::max_memory};

void check_names(const ResultDocument& result) {
  const auto check = [&](std::string_view key, const std::optional<std::string>& id) {
    if (id && result.find(*id) == nullptr)
      throw Error(ErrorCode::corrupt_data,
                  fmt::format("result: {} names the variant '{}', which is not there", key, *id));
  };
  check(keys::pick, result.pick);
  check(keys::runner_up, result.runner_up);
  if (result.fastest_estimated) check(keys::fastest_estimated, result.fastest_estimated->id);
  if (result.nearest_miss) check(keys::nearest_miss, result.nearest_miss->id);
}

}  // namespace

std::string_view to_text(ResultStatus status) {
  switch (status) {
    case ResultStatus::met:
      return "met";
    case ResultStatus::nearest_miss:
      return "nearest_miss";
    case ResultStatus::interrupted:
      break;
  }
  return "interrupted";
}

std::string_view to_text(VariantState state) {
  switch (state) {
    case VariantState::planned:
      return "planned";
    case VariantState::measured:
      return "measured";
    case VariantState::screened_out:
      return "screened_out";
    case VariantState::raced:
      return "raced";
    case VariantState::failed:
      break;
  }
  return "failed";
}

std::string_view to_text(DropKind kind) {
  return kind == DropKind::relative ? "relative" : "absolute";
}

std::string_view to_text(GateKind kind) {
  switch (kind) {
    case GateKind::max_drop:
      return "max_drop";
    case GateKind::min_accuracy:
      return "min_accuracy";
    case GateKind::max_latency:
      return "max_latency";
    case GateKind::max_size:
      return "max_size";
    case GateKind::max_memory:
      break;
  }
  return "max_memory";
}

std::span<const ResultStatus> values_of(const ResultStatus*) { return kStatuses; }
std::span<const VariantState> values_of(const VariantState*) { return kStates; }
std::span<const GateOutcome> values_of(const GateOutcome*) { return kOutcomes; }
std::span<const DropKind> values_of(const DropKind*) { return kDropKinds; }
std::span<const GateKind> values_of(const GateKind*) { return kGateKinds; }

std::span<const JsonField<GateRow>> fields_of(const GateRow*) { return kGate; }
std::span<const JsonField<AccuracyRow>> fields_of(const AccuracyRow*) { return kAccuracy; }
std::span<const JsonField<FailureRow>> fields_of(const FailureRow*) { return kFailure; }
std::span<const JsonField<Fp32Layer>> fields_of(const Fp32Layer*) { return kFp32Layer; }
std::span<const JsonField<GivenBack>> fields_of(const GivenBack*) { return kGivenBack; }
std::span<const JsonField<OpeningRow>> fields_of(const OpeningRow*) { return kOpening; }
std::span<const JsonField<VariantRow>> fields_of(const VariantRow*) { return kVariant; }
std::span<const JsonField<ModelRow>> fields_of(const ModelRow*) { return kModel; }
std::span<const JsonField<SplitRow>> fields_of(const SplitRow*) { return kSplit; }
std::span<const JsonField<DataRow>> fields_of(const DataRow*) { return kData; }
std::span<const JsonField<EstimatedRow>> fields_of(const EstimatedRow*) { return kEstimated; }
std::span<const JsonField<NearestMiss>> fields_of(const NearestMiss*) { return kNearestMiss; }
std::span<const JsonField<CountsRow>> fields_of(const CountsRow*) { return kCounts; }
std::span<const JsonField<FileRow>> fields_of(const FileRow*) { return kFile; }
std::span<const JsonField<ResultDocument>> fields_of(const ResultDocument*) { return kResult; }

const VariantRow* ResultDocument::find(const std::string& id) const {
  for (const VariantRow& variant : variants)
    if (variant.id == id) return &variant;
  return nullptr;
}

ResultDocument read_result(const Json& document) {
  constexpr std::string_view kWhat = "result", kPage = "docs/json.md";
  const JsonNode root(document, kWhat, kPage);
  const JsonNode schema = root[keys::schema];
  if (!schema.present() || schema.text() != kResultSchema)
    schema.refuse(fmt::format("\"{}\"", kResultSchema));
  ResultDocument result = read_document<ResultDocument>(document, kWhat, kPage);
  check_names(result);
  return result;
}

}  // namespace tamis

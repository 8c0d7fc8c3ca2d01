#include "search/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "base/hash.h"
#include "search/failures.h"

namespace tamis {
namespace {

constexpr const char* kUnit = "evaluate";
constexpr std::size_t kSmallestChunk = 32, kLargestChunk = 128;

/// Where the chunk that begins at `seen` ends: the same whatever the gates' looks are, so that
/// changed gates find stored chunks.
std::size_t chunk_end(std::size_t seen, std::size_t items) {
  const std::size_t end = seen < kLargestChunk ? std::bit_ceil(std::max(kSmallestChunk, seen + 1))
                                               : (seen / kLargestChunk + 1) * kLargestChunk;
  return std::min(end, items);
}

}  // namespace

VariantEvaluation::VariantEvaluation(SearchContext& context, const Variant& variant,
                                     const std::string& output_hash)
    : context_(context), variant_(variant), artefact_(ensure_artefact(context, variant)) {
  key_ = hash_text(answer_key(context, variant, artefact_, output_hash) + context.plan.data_hash +
                   "metric/2");
}

Evaluator& VariantEvaluation::evaluator(std::size_t from) {
  if (evaluator_ && evaluator_at_ == from) return *evaluator_;
  evaluator_.reset();
  ContestantSpec spec = contestant_spec(context_, variant_, artefact_);
  const auto& order = context_.plan.evaluation_order;
  InputSpec items{spec.inputs.data,
                  {order.begin() + static_cast<std::ptrdiff_t>(from), order.end()}};
  evaluator_ = context_.lab->evaluate(
      {spec.request, items, context_.plan.agreement == nullptr, spec.content});
  item_s_ = std::max(item_s_, evaluator_->first_ms() * 1e-3);
  evaluator_at_ = from;
  return *evaluator_;
}

/// In small steps, so that a hang is found soon.
Json VariantEvaluation::evaluate(std::size_t count) {
  constexpr std::size_t kStep = 32;
  Evaluator& evaluator = this->evaluator(seen_);
  Json chunk{{"records", Json::array()}, {"bad", Json::array()}};
  for (std::size_t left = count; left > 0;) {
    const std::size_t step = std::min(left, kStep);
    EvaluatedPart part;
    try {
      part = evaluator.next(step, patience_for_items(step, item_s_));
    } catch (const Error&) {
      evaluator_.reset();  // a second attempt begins with a worker that lives
      throw;
    }
    for (Json& record : part.records) chunk["records"].push_back(std::move(record));
    for (Json& bad : part.bad) chunk["bad"].push_back(std::move(bad));
    item_s_ = std::max(item_s_, part.wall_s / static_cast<double>(step));
    left -= step;
  }
  return chunk;
}

/// Opening counts as some items more.
double VariantEvaluation::expected_s(std::size_t count) const {
  constexpr double kOpening_s = 0.5, kBesideInference = 2;  // reading, decoding, preparing
  const double item_s =
      item_s_ > 0 ? item_s_ : kBesideInference * context_.inference_s.value_or(0.01);
  return static_cast<double>(count) * item_s +
         (evaluator_ ? 0 : kOpening_s * context_.plan.budget.slowness());
}

bool VariantEvaluation::load_chunk(std::size_t end, double budget_share) {
  const std::string key = fmt::format("{}:{}-{}", key_, seen_, end);
  Json chunk;
  if (auto stored = context_.store->find_blob(Kind::evaluation, key)) {
    chunk = Json::from_msgpack(*stored);
  } else {
    const double guess_s = expected_s(end - seen_);
    if (!context_.may_begin(context_.plan.budget.expected_s(kUnit, guess_s), budget_share))
      return false;
    // Variants that share records need not share a crash.
    FailingUnit unit{hash_text(key + variant_key(context_, variant_, artefact_)),
                     eval_command(context_, variant_, artefact_)};
    chunk = attempt(context_, unit, [&] {
      Budget::Unit timed(context_.plan.budget, kUnit, guess_s);
      return evaluate(end - seen_);
    });
    context_.store->put_blob(Kind::evaluation, key, Json::to_msgpack(chunk));
    evaluator_at_ = end;
    if (evaluator_) evaluator_->pause();
  }
  for (const Json& record : chunk.at("records")) records_.push_back(parse_item_record(record));
  for (const Json& bad : chunk.at("bad")) {
    bad_.push_back(fmt::format("{} ({})", bad.at("item").get<std::string>(),
                               bad.at("reason").get<std::string>()));
    if (context_.skipped.insert(bad_.back()).second && context_.plan.request.allow_bad > 0)
      context_.note("skipped, because it cannot be used: " + bad_.back());
  }
  seen_ = end;
  return true;
}

void VariantEvaluation::refuse_bad_items() const {
  if (bad_.size() <= context_.plan.request.allow_bad) return;
  constexpr std::size_t kNamed = 3;
  const auto named_end = bad_.begin() + static_cast<std::ptrdiff_t>(std::min(bad_.size(), kNamed));
  throw Error(ErrorCode::corrupt_data,
              fmt::format("{} of the images cannot be used: {}; repair or remove them, or continue "
                          "with --allow-bad {}",
                          bad_.size(), fmt::join(bad_.begin(), named_end, ", "), bad_.size()));
}

bool VariantEvaluation::advance(std::size_t count, double budget_share) {
  const std::size_t items = context_.plan.evaluation_order.size();
  count = std::min(count, items);
  while (seen_ < count) {
    if (!load_chunk(chunk_end(seen_, items), budget_share)) return false;
    refuse_bad_items();
  }
  if (seen_ == items) close();
  return true;
}

}  // namespace tamis

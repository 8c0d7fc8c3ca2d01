#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "execute/worker.h"
#include "measure/interleave.h"
#include "recipe/build.h"
#include "search/context.h"
#include "search/variant.h"
#include "tasks/task.h"

namespace tamis {

// The units of work of a search. Each looks into the store (or the cache of artefacts) first, does
// its work only if it is not there, and stores the result at once: so a killed run loses at most
// the unit in flight, and the same run again goes on from there. All are functions of the search's
// context and deterministic keys.

/// A built artefact in the cache, or the parent file itself for an empty recipe.
struct Artefact {
  std::string key;
  std::string content;  ///< hash of the model's files: what was measured and judged
  std::filesystem::path model;
  ArtefactInfo info;
  Card card;  ///< the parent's, as the recipe's steps left it
};

/// Builds or finds. Throws what the steps throw; lasting failures are stored (failures.h).
Artefact ensure_artefact(SearchContext& context, const Recipe& recipe);

/// The artefact's key, whether it is built or not.
std::string recipe_key(const SearchContext& context, const Recipe& recipe);

/// What a worker needs to build the recipe into the folder.
BuildRequest build_request(const SearchContext& context, const Recipe& recipe,
                           const std::filesystem::path& out);

/// The vendor's library that was asked for; "" = found by the plugin's rules.
std::string library_of(const SearchContext& context, const std::string& backend);

/// H(artefact, settings, versions of the runtimes).
std::string variant_key(SearchContext& context, const Variant& variant, const Artefact& artefact);

/// The request that opens the variant in a worker.
ContestantSpec contestant_spec(SearchContext& context, const Variant& variant,
                               const Artefact& artefact);

/// Quick first measurement of a variant, interleaved with the baseline.
struct Screening {
  OpenedInfo info;
  RoundTable rounds;  ///< ids: the variant's key and "baseline"
  std::string output_hash;
};

/// `baseline` is opened when first needed and kept. Throws what opening or running throws.
class Screener {
 public:
  Screener(SearchContext& context, const Variant& baseline);
  Screening screen(const Variant& variant);

 private:
  Contestant& baseline();
  Screening measure(const Variant& variant, const Artefact& artefact, const std::string& key);
  Round round(Contestant* variant, std::size_t number);

  SearchContext& context_;
  Variant baseline_variant_;
  std::unique_ptr<Contestant> baseline_;
};

/// The first `count` items of the evaluation order, evaluated through the variant; fewer only when
/// some are bad (they are named in the context's notes and counted). Keeps a worker open between
/// calls. One per variant.
class VariantEvaluation {
 public:
  /// `output_hash`: of the variant's outputs on the measuring inputs (Screening). Variants of one
  /// artefact, backend, device and inference precision with equal hashes share their records.
  VariantEvaluation(SearchContext& context, const Variant& variant, const std::string& output_hash);
  /// Throws corrupt_data when more items are bad than allowed.
  const std::vector<ItemRecord>& records(std::size_t count);
  std::size_t seen() const { return seen_; }
  double inference_s() const { return inference_s_; }
  double wall_s() const { return wall_s_; }
  double load_s() const { return load_s_; }
  const std::vector<std::string>& bad() const { return bad_; }
  void close() { worker_.reset(); }

 private:
  void load_chunk(std::size_t end);
  Json evaluate(std::size_t count);
  Worker& worker(std::size_t from);

  SearchContext& context_;
  Variant variant_;
  Artefact artefact_;
  std::string key_;
  std::unique_ptr<Worker> worker_;
  std::size_t worker_at_ = 0;
  double item_s_ = 0;  // the slowest so far, for how long to wait
  std::size_t seen_ = 0;
  std::vector<ItemRecord> records_;
  std::vector<std::string> bad_;
  double inference_s_ = 0, wall_s_ = 0, load_s_ = 0;
};

/// Rounds of a set of variants under a name, measured or found in the store.
class StoredRace {
 public:
  /// `variants` at least two; opened when the first round that is not in the store is needed.
  /// `name` tells races of the same variants apart ("race", "confirm").
  StoredRace(SearchContext& context, const std::string& name, const std::vector<Variant>& variants);

  /// One more round; false when fewer than two variants are still running.
  bool next_round();
  const RoundTable& table() const { return table_; }
  /// Takes a variant out of further rounds.
  void drop(const std::string& id);
  const std::vector<RoundFailure>& failures() const { return failures_; }
  /// Times from the pictures' files to the predictions, ns, by variant; measured in turn, twice
  /// each.
  std::map<std::string, std::vector<double>> times_from_file();

 private:
  void open_all();
  void drop_failed(const Round& round);
  Round run_and_store(const std::string& key);
  void fail(const std::string& id, const Error& error);
  std::string failure_key(std::size_t place) const;

  SearchContext& context_;
  std::string key_;
  std::vector<Variant> variants_;
  std::vector<std::string> running_;
  std::map<std::string, std::unique_ptr<Contestant>> open_;
  RoundTable table_;
  std::size_t round_ = 0;
  std::vector<RoundFailure> failures_;
};

}  // namespace tamis

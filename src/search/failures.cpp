#include "search/failures.h"

#include <fmt/format.h>

#include "base/error_json.h"
#include "base/hash.h"
#include "base/version.h"
#include "runtime/setting_arguments.h"

namespace tamis {
namespace {

/// Another version of the program may do better.
std::string failure_key(const std::string& unit) { return hash_text(unit + kVersion); }

/// As a shell reads it back.
std::string quoted(const std::string& text) {
  constexpr const char* kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=.,:/@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string inside;
  for (char c : text) inside += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "'" + inside + "'";
}

std::string card_arguments(const SearchContext& context) {
  std::string text;
  for (const auto& [name, value] : context.plan.request.card_options.given)
    text += " --" + name + " " + quoted(value);
  return text;
}

std::string data_arguments(const SearchContext& context) {
  const SearchRequest& r = context.plan.request;
  std::string text = " --data " + quoted(r.data.path.string());
  if (!r.data.split.empty()) text += " --split " + quoted(r.data.split);
  return text;
}

/// `verb` on the variant's file in its run settings.
std::string run_command(const char* verb, const SearchContext& context, const Variant& variant,
                        const Artefact& artefact) {
  RunSettings s = variant.settings;
  s.library = context.plan.library_of(s.backend);
  std::string command =
      fmt::format("tamis {} {}{}", verb, quoted(artefact.model.string()), data_arguments(context));
  for (const std::string& argument : setting_arguments(s)) command += " " + quoted(argument);
  // What was built has its own card beside it.
  return variant.recipe.empty() ? command + card_arguments(context) : command;
}

}  // namespace

bool is_lasting(ErrorCode code) {
  return code == ErrorCode::unsupported || code == ErrorCode::backend_failed;
}

std::optional<Error> stored_failure(SearchContext& context, const std::string& key) {
  auto stored = context.store->find_as(Kind::failure, failure_key(key), error_from_json);
  if (!stored) return std::nullopt;
  if (!context.failures_of_this_run.count(key) && !context.said_failures) {
    context.note(
        "failures of an earlier run are shown, not tried again; --retry-failed tries them again");
    context.said_failures = true;
  }
  return stored;
}

void store_failure(SearchContext& context, const FailingUnit& unit, const Error& error) {
  if (context.interrupted()) return;
  if (!is_lasting(error.code())) {
    context.unsettled.push_back(error.what());
    return;
  }
  context.failures_of_this_run.insert(unit.key);
  Json failure = to_json(error);
  failure["command"] = unit.command;
  context.store->put(Kind::failure, failure_key(unit.key), failure);
}

void note_killed_again(SearchContext& context, const Error& error) {
  if (is_lasting(error.code()) && !context.interrupted())
    context.note(
        "it was killed again; this is recorded as a failure, and --retry-failed tries it again");
}

void forget_failures(Store& store) { store.remove_all(Kind::failure); }

/// Only quantising by itself has a command of its own; for the rest the whole run is repeated.
std::string build_command(const SearchContext& context, const Variant& variant) {
  const Recipe& recipe = variant.recipe;
  const SearchRequest& r = context.plan.request;
  const std::size_t steps = find_step(recipe, "simplify") ? 2 : 1;
  const bool quantises =
      !recipe.empty() && recipe.back().name.starts_with("int");  // int8-…, int4-…
  if (!quantises || recipe.size() != steps)
    return r.command + (r.retry_failed ? "" : " --retry-failed");
  std::string command = "tamis quantize " +
                        quoted(context.parent_of(variant).model.named.string()) +
                        data_arguments(context);
  if (r.calibration) command += " --calibration " + quoted(r.calibration->path.string());
  if (recipe.back().name != "int8-static")
    return command + fmt::format(" --precision {}{} --out quantised.onnx", recipe.back().name,
                                 card_arguments(context));
  for (const Json& name : recipe.back().params.value("keep_float", Json::array()))
    command += " --keep-float " + quoted(name.get<std::string>());
  if (auto layers = recipe.back().params.find("float_layers"); layers != recipe.back().params.end())
    command += fmt::format(" --float-layers {}", layers->get<int>());
  std::string form = recipe.back().params.value("for", "portable");
  return command + fmt::format(" --for {} --seed {}{} --out quantised.onnx", form, r.seed,
                               card_arguments(context));
}

std::string bench_command(const SearchContext& context, const Variant& variant,
                          const Artefact& artefact) {
  std::string command = run_command("bench", context, variant, artefact);
  if (context.plan.under_load()) command += " --objective throughput";
  return command + fmt::format(" --seed {}", context.plan.request.seed);
}

std::string eval_command(const SearchContext& context, const Variant& variant,
                         const Artefact& artefact) {
  std::string command = run_command("eval", context, variant, artefact);
  if (context.plan.request.allow_bad > 0)
    command += fmt::format(" --allow-bad {}", context.plan.request.allow_bad);
  return command;
}

}  // namespace tamis

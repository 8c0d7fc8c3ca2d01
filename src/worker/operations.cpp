#include "worker/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/clock.h"
#include "base/error_json.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/units.h"
#include "card/card.h"
#include "explain/explain.h"
#include "graph/graph.h"
#include "graph/held_inputs.h"
#include "graph/inspect.h"
#include "graph/value_shapes.h"
#include "recipe/build.h"
#include "recipe/float_layers.h"
#include "recipe/resolution.h"
#include "result/keys.h"
#include "runtime/backend.h"
#include "runtime/tensor_info.h"

namespace tamis {
namespace {

constexpr int kMostWarmUpRuns = 60;
constexpr double kWarmUpSeconds = 3;

template <typename T>
void append(std::vector<std::uint8_t>& block, T value) {
  std::size_t at = block.size();
  block.resize(at + sizeof value);
  std::memcpy(block.data() + at, &value, sizeof value);
}

void append_run(std::vector<std::uint8_t>& block, const TimedRun& run) {
  append(block, run.inference_ns);
  append(block, run.prepare_ns);
  append(block, run.total_ns);
}

OpenedModel& opened(WorkerState& state) {
  if (!state.model) throw Error(ErrorCode::invalid_argument, "worker: no model is open");
  return *state.model;
}

Frame probe(WorkerState&, const Json& request) {
  RunSettings settings = parse_run_settings(request.at("settings"));
  auto backend = find_backend(settings.backend);
  bool thorough = request.value("thorough", true);
  return {to_json(thorough ? probe_thoroughly(*backend, settings) : backend->probe(settings)), {}};
}

ModelFacts to_facts(const ModelDescription& d) {
  return {d.inputs, d.outputs, d.metadata, d.last_operators};
}

/// Of the file and of the weights in it, since these may lie in files beside it.
std::string hash_model(const std::filesystem::path& file, const Graph& graph) {
  std::string all = hash_file(file);
  for (const auto& tensor : graph.graph().initializer()) all += hash_text(tensor.raw_data());
  return hash_text(all);
}

/// The shapes of a model's inputs where some are open and batch and size settle all of them.
Json open_inputs(const Graph& graph, std::optional<Size> size) {
  Json shapes = Json::array();
  const auto inputs = graph.inputs();
  if (std::all_of(inputs.begin(), inputs.end(),
                  [](const TensorInfo& input) { return concrete_shape(input).has_value(); }))
    return shapes;
  try {
    for (const TensorInfo& input : with_fixed_inputs(graph, 1, size).inputs())
      shapes.push_back(concrete_shape(input).value());
  } catch (const Error&) {
    return Json::array();  // whoever opens it says what is open
  }
  return shapes;
}

/// Why it cannot be run here.
std::optional<Error> why_not_run(const Graph& graph, std::optional<Size> size,
                                 const Json& least_memory) {
  if (const auto reason = value_dependent_output(graph, size))
    return Error(ErrorCode::unsupported, *reason);
  const std::uint64_t needed = least_memory.at("bytes"), spare = worker_memory_bytes();
  if (needed <= spare) return std::nullopt;
  const std::string layer = least_memory.at("layer");
  return Error(
      ErrorCode::unavailable,
      fmt::format("running it takes at least {} of memory{}, more than the {} that this machine "
                  "can spare; use a smaller input size, or end other programs",
                  bytes_text(needed), layer.empty() ? "" : " (most of it in " + layer + ")",
                  bytes_text(spare)));
}

/// The model read, checked and described, with its card; a card that cannot be resolved is
/// described by its error.
Frame inspect(WorkerState&, const Json& request) {
  std::filesystem::path file = request.at("model").get<std::string>();
  const std::optional<std::filesystem::path> card_file = card_file_beside(file);
  Graph graph = Graph::load(file);
  CardOptions options;
  const Json given = request.value("options", Json::object());
  for (const auto& [name, text] : given.items()) options.given[name] = text.get<std::string>();
  auto to_hold = inputs_to_hold(std::nullopt, options);
  std::optional<Error> unreadable;  // the card file: the model is described without it
  try {
    to_hold = inputs_to_hold(card_file, options);
  } catch (const Error& error) {
    unreadable = error;
  }
  const bool held = hold_inputs(graph, to_hold);
  if (held) {
    file = request.at("held_model").get<std::string>();
    graph.save(file);
  }
  graph.verify();
  Json head{{"hash", hash_model(file, graph)}, {"held", held}};
  std::optional<Size> size = given_input_size(options);
  try {
    if (unreadable) throw *unreadable;
    const ModelFacts facts = to_facts(describe_model(graph));
    Card card = resolve_card(facts, card_file, options);
    head["card"] = to_json(card, true);
    if (const auto count = find_task(card.task).class_count(card, facts.outputs))
      head["classes"] = *count;
    head["steps"] = step_reasons(graph, card);
    size = card.input_size;
  } catch (const Error& e) {
    head["card"] = nullptr;
    head["card_error"] = to_json(e);
  }
  if (head["card"].is_null()) head["open_inputs"] = open_inputs(graph, size);
  head["model"] = inspect_model(graph, size);
  if (const auto error = why_not_run(graph, size, head["model"].at("least_memory")))
    head["cannot_run"] = to_json(*error);
  return {head, {}};
}

Frame build(WorkerState& state, const Json& request) {
  return {to_json(build_artefact(parse_build_request(request), state.tell)), {}};
}

Frame rank_layers(WorkerState& state, const Json& request) {
  return {to_json(rank_int8_layers(parse_build_request(request),
                                   parse_run_settings(request.at("target")), state.tell)),
          {}};
}

Frame stride(WorkerState&, const Json& request) {
  return {{{"stride", resolution_stride(parse_build_request(request))}}, {}};
}

/// The first inference, in each shape where there are several: of all of them in turn.
double first_inference_ms(OpenedModel& model, const MeasureInputs& zeros) {
  double ms = 0;
  for (const Batch& batch : zeros.batches)
    ms += static_cast<double>(model.run(batch).total_ns) * 1e-6;
  return ms;
}

std::vector<OpenedModel*> callers(WorkerState& state) {
  std::vector<OpenedModel*> all{&opened(state)};
  for (const auto& other : state.more) all.push_back(other.get());
  return all;
}

/// Opens what is to be in flight beside the model, and warms that up: its memory is part of the
/// peak.
void prepare_load(WorkerState& state, const MeasureInputs& zeros) {
  const int in_flight = state.model->in_flight();
  while (static_cast<int>(state.more.size()) + 1 < in_flight)
    state.more.push_back(state.model->another());
  run_under_load(callers(state), zeros, 0, {2, 3, 0});
}

/// Peak memory is read before pictures are decoded: their decoder is not the variant's.
Frame open(WorkerState& state, const Json& request) {
  state.evaluator.reset();
  state.more.clear();
  state.model = std::make_unique<OpenedModel>(parse_execute_request(request));
  OpenedInfo info;
  const OpenedFacts& opened = state.model->session().opened();
  info.load_ms = opened.load_ms;
  info.compile_ms = opened.compile_ms;
  info.effective = opened.effective;
  const MeasureInputs zeros = zero_inputs(*state.model, 1);
  info.first_ms = first_inference_ms(*state.model, zeros);
  if (request.value("warm_up", true)) {
    warm_up(*state.model, zeros, kMostWarmUpRuns, kWarmUpSeconds);
    std::vector<double> totals;
    for (const TimedRun& run : visit(*state.model, zeros, 0, 0, 3))
      totals.push_back(static_cast<double>(run.total_ns) * 1e-6);
    info.warm_ms = *std::min_element(totals.begin(), totals.end());
    if (request.value("under_load", false)) prepare_load(state, zeros);
    info.in_flight = static_cast<int>(state.more.size()) + 1;
    info.peak_memory_bytes = peak_memory_bytes();
    state.input_spec = parse_input_spec(request.value("inputs", Json()));
    if (state.input_spec.data) {
      state.input_data = open_dataset(*state.input_spec.data);
      state.inputs =
          prepare_inputs(*state.model, *state.input_data, state.input_spec.items, kMeasuringInputs);
    } else {
      state.inputs = synthetic_inputs(*state.model, kMeasuringInputs, 1);
    }
  }
  return {to_json(info), {}};
}

Frame visit_once(WorkerState& state, const Json& request) {
  auto runs = visit(opened(state), state.inputs, request.at("input"), request.at("discard"),
                    request.at("timed"));
  Frame reply;
  for (const TimedRun& run : runs) append_run(reply.block, run);
  return reply;
}

Frame load(WorkerState& state, const Json& request) {
  const LoadPlan plan{request.at("discard"), request.at("least"), request.at("target_ms")};
  const LoadedBlock block = run_under_load(callers(state), state.inputs, request.at("input"), plan);
  Frame reply;
  reply.head[keys::images_per_s] = block.images_per_s;
  for (const TimedRun& run : block.runs) append_run(reply.block, run);
  return reply;
}

Frame from_file(WorkerState& state, const Json& request) {
  Frame reply;
  if (!state.input_data) return reply;
  for (std::int64_t t : time_from_file(opened(state), *state.input_data, state.input_spec.items,
                                       request.at("repeats")))
    append(reply.block, t);
  return reply;
}

Frame output_hash(WorkerState& state, const Json&) {
  std::string all;
  for (const Batch& batch : state.inputs.batches) {
    opened(state).run(batch);
    for (const Tensor& output : state.model->outputs())
      all += hash_bytes({static_cast<const std::uint8_t*>(output.raw()), output.bytes()});
  }
  return {{{"hash", hash_text(all)}}, {}};
}

Frame evaluate_begin(WorkerState& state, const Json& request) {
  InputSpec spec = parse_input_spec(request.at("data"));
  state.evaluator.reset();
  if (const Task* task = opened(state).task()) spec.data->detail = task->truth_detail;
  if (const auto& card = opened(state).card())
    spec.data->classes = {card->labels, state.model->class_count()};
  state.evaluation_data = open_dataset(*spec.data);
  state.evaluator = std::make_unique<ItemEvaluator>(opened(state), *state.evaluation_data,
                                                    spec.items, request.value("labelled", true));
  return {};
}

Frame annotate_begin(WorkerState& state, const Json& request) {
  state.annotator = std::make_unique<Annotator>(parse_annotation_spec(request));
  return {};
}

Frame annotate_item(WorkerState& state, const Json& request) {
  if (!state.annotator) throw Error(ErrorCode::invalid_argument, "worker: no annotation has begun");
  std::vector<ItemRecord> records;
  for (const Json& record : request.at("records")) records.push_back(parse_item_record(record));
  AnnotatedImage drawn = state.annotator->annotate(request.at("item"), records);
  return {{{"height", drawn.image.height}, {"width", drawn.image.width}}, std::move(drawn.jpeg)};
}

Frame evaluate_next(WorkerState& state, const Json& request) {
  if (!state.evaluator) throw Error(ErrorCode::invalid_argument, "worker: no evaluation has begun");
  EvaluatedItems items = state.evaluator->next(request.at("count"));
  Json head{{"done", items.done},
            {"inference_s", items.inference_s},
            {"wall_s", items.wall_s},
            {"bad", Json::array()}};
  for (const BadItem& bad : items.bad)
    head["bad"].push_back({{"item", bad.item}, {"reason", bad.reason}});
  Json records = Json::array();
  for (const ItemRecord& record : items.records) records.push_back(to_json(record));
  return {head, Json::to_msgpack(records)};
}

/// The fixed work that the machine's noise is measured with, held open as a model is.
Frame spin_open(WorkerState& state, const Json& request) {
  state.spin = std::make_unique<machine::SpinWork>(request.at("threads").get<int>());
  const Json& passes = request.at("passes");
  state.spin_passes =
      passes.is_null() ? state.spin->passes_for(request.at("piece_ms")) : passes.get<int>();
  constexpr int kWarmUpPieces = 10;
  for (int i = 0; i < kWarmUpPieces; ++i) state.spin->run(state.spin_passes);
  return {{{"passes", state.spin_passes}}, {}};
}

/// Pieces of it, timed, after one that is thrown away.
Frame spin(WorkerState& state, const Json& request) {
  if (!state.spin) throw Error(ErrorCode::invalid_argument, "worker: no fixed work is open");
  std::vector<std::int64_t> times(request.at("pieces").get<std::size_t>());
  state.spin->run(state.spin_passes);
  for (std::int64_t& time : times) {
    const std::int64_t start = now_ns();
    state.spin->run(state.spin_passes);
    time = now_ns() - start;
  }
  Frame reply;
  for (std::int64_t time : times) append(reply.block, time);
  return reply;
}

Frame profile(WorkerState& state, const Json&) {
  return {{{"layers", profile_of(opened(state).session())}}, {}};
}

/// In the settings and on the first input of the model that is open, which is the variant.
Frame explain_layers(WorkerState& state, const Json& request) {
  ExplainRequest asked = parse_explain_request(request.at("request"));
  RunSettings settings = parse_run_settings(request.at("settings"));
  ExplainValues values;
  const Tensor* input =
      opened(state).session().inputs().size() == 1 && !state.inputs.batches.empty()
          ? &state.inputs.batches.front().pictures()
          : nullptr;
  values.input = input;
  values.open = [&](const std::filesystem::path& model) {
    OpenRequest open;
    open.model = model;
    open.settings = settings;
    open.input_shapes = {input->shape()};
    return find_backend(settings.backend)->open(open);
  };
  return {explain(asked, values), {}};
}

struct Operation {
  std::string_view name;
  Frame (*run)(WorkerState& state, const Json& request);
};

/// Of an operation that had ended by itself; what still runs hears it as WorkerState::tell.
Frame cancel(WorkerState&, const Json&) { return {{{"cancelled", true}}, {}}; }

constexpr std::array kOperations{
    Operation{"cancel", cancel},
    Operation{"probe", probe},
    Operation{"inspect", inspect},
    Operation{"build", build},
    Operation{"rank_layers", rank_layers},
    Operation{"stride", stride},
    Operation{"open", open},
    Operation{"visit", visit_once},
    Operation{"load", load},
    Operation{"from_file", from_file},
    Operation{"output_hash", output_hash},
    Operation{"spin_open", spin_open},
    Operation{"spin", spin},
    Operation{"profile", profile},
    Operation{"explain", explain_layers},
    Operation{"evaluate_begin", evaluate_begin},
    Operation{"evaluate_next", evaluate_next},
    Operation{"annotate_begin", annotate_begin},
    Operation{"annotate", annotate_item},
};

}  // namespace

Frame run_operation(WorkerState& state, const Frame& request) {
  std::string name = request.head.value("op", "");
  for (const Operation& operation : kOperations)
    if (operation.name == name) {
      Frame reply = operation.run(state, request.head);
      if (reply.head.is_null()) reply.head = Json::object();
      return reply;
    }
  std::string known;
  for (const Operation& operation : kOperations)
    known.append(known.empty() ? "" : ", ").append(operation.name);
  throw Error(ErrorCode::invalid_argument,
              "worker: unknown operation '" + name + "'; it knows " + known);
}

}  // namespace tamis

#include <fmt/format.h>

#include "base/units.h"
#include "base/words.h"
#include "cli/console.h"

namespace tamis {
namespace {

std::string tensor_line(const Json& t) {
  return fmt::format("{} {} {}", t.at("name").get<std::string>(), t.at("type").get<std::string>(),
                     t.at("shape").dump());
}

void print_card(const ModelInfo& info) {
  if (!info.card) {
    say("card        {}\n", info.card_error->what());
    return;
  }
  Json card = to_json(*info.card, true);
  say("card\n");
  std::function<void(const Json&, const std::string&)> walk = [&](const Json& node,
                                                                  const std::string& at) {
    for (const auto& [key, value] : node.items()) {
      if (at.empty() && key == "sources") continue;
      std::string path = at.empty() ? key : at + "." + key;
      if (value.is_object() && path == "input") {
        walk(value, path);
        continue;
      }
      std::string text = value.dump();
      if (text.size() > 60) text = text.substr(0, 57) + "…";
      say("  {:<18} {:<28} {}\n", path, text, card["sources"].value(path, ""));
    }
  };
  walk(card, "");
}

int inspect(const ExecuteOptions& options, const Console& console) {
  ModelInfo info = inspect_in_worker(*console.place, options.model, options.card);
  const Json& d = info.description;
  if (console.json) {
    Json json = d;
    json["file"] = info.named.string();
    json["cannot_run"] = info.cannot_run ? Json(info.cannot_run->what()) : Json();
    json["hash"] = info.hash;
    json["card"] = info.card ? to_json(*info.card, true) : Json();
    if (!info.card) json["card_error"] = info.card_error->what();
    print_json(json);
    return 0;
  }
  say("file        {} ({})\n", info.named.string(), bytes_text(d.at("file_bytes")));
  for (const Json& t : d.at("inputs")) say("input       {}\n", tensor_line(t));
  for (const Json& t : d.at("outputs")) say("output      {}\n", tensor_line(t));
  say("parameters  {:.3g} M\n", d.at("parameters").get<double>() * 1e-6);
  const std::size_t uncounted = d.value("macs_unknown", Json::array()).size();
  say("MACs        {}{:.4g} G{}\n", uncounted > 0 ? "at least " : "",
      d.at("macs").get<double>() * 1e-9,
      uncounted == 0 ? ""
                     : fmt::format(" ({} whose size is open: give --input-size HxW)",
                                   count_text(uncounted, "node")));
  say("opsets      {}  IR {}  by {}\n", d.at("opsets").dump(), d.at("ir_version").dump(),
      d.value("producer", ""));
  say("operators  ");
  for (const auto& [name, count] : d.at("operators").items()) say(" {} {}", count.get<int>(), name);
  say("\n");
  for (const Json& text : d.at("dynamic")) say("dynamic     {}\n", text.get<std::string>());
  for (const Json& text : d.at("notes")) say("note        {}\n", text.get<std::string>());
  if (info.cannot_run) say("cannot run  {}\n", info.cannot_run->what());
  print_card(info);
  return 0;
}

}  // namespace

std::function<int()> make_inspect(CLI::App& app, Console& console) {
  auto options = std::make_shared<ExecuteOptions>();
  add_model_option(app, *options);
  add_card_options(app, *options);
  add_console_options(app, console);
  return [options, &console] { return inspect(*options, console); };
}

}  // namespace tamis

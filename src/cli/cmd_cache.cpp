#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "cli/console.h"
#include "store/artefact_cache.h"

namespace tamis {
namespace {

struct CacheArguments {
  std::string action = "list", older_than;
};

int cache(const CacheArguments& a, const Console& console) {
  ArtefactCache artefacts(console.place->artefact_folder());
  if (a.action == "clean") {
    std::optional<double> age;
    if (!a.older_than.empty()) age = parse_seconds(a.older_than, "--older-than");
    std::uint64_t freed = artefacts.clean(age);
    if (console.json)
      print_json({{"schema", "tamis/cache/1"}, {"freed_bytes", freed}});
    else
      say("freed {}\n", bytes_text(freed));
    return 0;
  }
  if (a.action != "list")
    throw Error(ErrorCode::invalid_argument, fmt::format("cache: unknown action '{}'; {}", a.action,
                                                         suggest(a.action, {"list", "clean"})));
  Json json{{"schema", "tamis/cache/1"},
            {"folder", artefacts.folder().string()},
            {"entries", Json::array()}};
  std::uint64_t total = 0;
  for (const ArtefactCache::Entry& e : artefacts.list()) {
    json["entries"].push_back({{"key", e.key}, {"bytes", e.bytes}, {"unused_s", e.age_s}});
    total += e.bytes;
    if (!console.json)
      say("{}  {:>10}  unused for {}\n", e.key, bytes_text(e.bytes), duration_text(e.age_s));
  }
  json["bytes"] = total;
  if (console.json)
    print_json(json);
  else
    say("{} in {} entries, {}\n", bytes_text(total), json["entries"].size(),
        artefacts.folder().string());
  return 0;
}

}  // namespace

std::function<int()> make_cache(CLI::App& app, Console& console) {
  auto a = std::make_shared<CacheArguments>();
  app.add_option("action", a->action, "list or clean")->type_name("ACTION");
  app.add_option("--older-than", a->older_than,
                 "clean: only artefacts that were not used for this time, such as 48h");
  add_console_options(app, console);
  return [a, &console] { return cache(*a, console); };
}

}  // namespace tamis

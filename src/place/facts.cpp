#include "place/facts.h"

#include <utility>

#include "base/error.h"
#include "place/worker.h"

namespace tamis {
namespace {

constexpr double kProbeTimeout_s = 120;

Availability probe_backend(Place& place, const std::string& name, const std::string& library,
                           bool thorough) {
  RunSettings settings;
  settings.backend = name;
  settings.library = library;
  try {
    return again_if_killed([&] {
      Worker worker(place);
      return parse_availability(
          worker
              .request({{"op", "probe"}, {"settings", to_json(settings)}, {"thorough", thorough}},
                       kProbeTimeout_s)
              .head);
    });
  } catch (const Error& e) {
    if (e.code() == ErrorCode::io) throw;  // a full disk is no runtime's fault
    Availability failed;
    failed.backend = name;
    failed.steps.push_back(
        {"loaded", false, e.what(), "reinstall the runtime, or name another library"});
    return failed;
  }
}

}  // namespace

void PlaceFacts::set_backends(std::vector<Availability> all) {
  known = std::move(all);
  backends.clear();
  for (const Availability& a : known)
    if (a.ok()) backends.push_back(a);
}

std::string PlaceFacts::version_of(const std::string& backend) const {
  for (const Availability& a : known)
    if (a.backend == backend) return a.version;
  return "";
}

PlaceFacts machine_facts(Place& place) {
  PlaceFacts facts;
  facts.machine = place.fingerprint();
  facts.hash = fingerprint_hash(facts.machine);
  facts.cores = usable_cores(facts.machine);
  facts.has_fast_cores = place.has_fast_cores();
  return facts;
}

std::vector<Availability> probe_backends(Place& place,
                                         const std::map<std::string, std::string>& libraries,
                                         bool thorough) {
  std::vector<Availability> found;
  for (const std::string& name : backend_names()) {
    auto library = libraries.find(name);
    found.push_back(
        probe_backend(place, name, library == libraries.end() ? "" : library->second, thorough));
  }
  return found;
}

}  // namespace tamis

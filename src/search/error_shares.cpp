#include "search/error_shares.h"

#include <algorithm>

#include "base/hash.h"

namespace tamis {
namespace {

// Of what is left: given away when all answers are known, and when others may come.
constexpr double kToAll = 0.95, kToFirst = 0.75;

}  // namespace

ErrorShares::ErrorShares(Store& store, const std::string& scope)
    : store_(store), key_(hash_text("error shares/1" + scope)) {
  const auto parse = [](const Json& json) { return json.get<std::map<std::string, double>>(); };
  if (auto stored = store.find_as(Kind::evaluation, key_, parse)) parts_ = std::move(*stored);
}

void ErrorShares::share_among(const std::set<std::string>& answers, bool others_may_come) {
  std::set<std::string> fresh;
  for (const std::string& answer : answers)
    if (const std::string name = hash_text(answer); parts_.count(name) == 0) fresh.insert(name);
  if (fresh.empty()) return;
  double left = 1;
  for (const auto& [name, part] : parts_) left -= part;
  const double given = std::max(0.0, left) * (others_may_come ? kToFirst : kToAll);
  for (const std::string& name : fresh) parts_[name] = given / static_cast<double>(fresh.size());
  store_.put(Kind::evaluation, key_, Json(parts_));
}

double ErrorShares::of(const std::string& answer) {
  share_among({answer}, true);
  return parts_.at(hash_text(answer));
}

}  // namespace tamis

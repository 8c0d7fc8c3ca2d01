#include "data/bad_items.h"

#include <algorithm>

namespace tamis {

void BadItems::add(const std::string& id, const Error& error) {
  std::lock_guard lock(mutex_);
  auto place = std::lower_bound(entries_.begin(), entries_.end(), id,
                                [](const Entry& e, const std::string& key) { return e.id < key; });
  if (place == entries_.end() || place->id != id) entries_.insert(place, {id, error.what()});
  if (entries_.size() <= allowed_) return;
  throw Error(ErrorCode::corrupt_data,
              "read data: " + text(5) +
                  "; repair or remove them, or continue without them with --allow-bad " +
                  std::to_string(entries_.size()));
}

std::size_t BadItems::count() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

std::string BadItems::summary(std::size_t named) const {
  std::lock_guard lock(mutex_);
  return entries_.empty() ? "" : text(named);
}

std::string BadItems::text(std::size_t named) const {
  std::string result = std::to_string(entries_.size()) +
                       (entries_.size() == 1 ? " item" : " items") + " cannot be used: ";
  for (std::size_t i = 0; i < std::min(named, entries_.size()); ++i)
    result += (i == 0 ? "" : ", ") + entries_[i].id + " (" + entries_[i].reason + ")";
  if (entries_.size() > named)
    result += " and " + std::to_string(entries_.size() - named) + " more";
  return result;
}

}  // namespace tamis

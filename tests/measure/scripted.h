#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "measure/contestant.h"

namespace tamis::testing {

/// A contestant whose times are told beforehand, so that rounds, instances and stopping are tested
/// without processes or clocks.
class ScriptedContestant final : public Contestant {
 public:
  /// `visit_ns`: of the n-th visit of this instance, from 0; may throw.
  using VisitNs = std::function<double(std::size_t n)>;

  ScriptedContestant(std::string id, VisitNs visit_ns)
      : id_(std::move(id)), visit_ns_(std::move(visit_ns)) {}

  const std::string& id() const override { return id_; }
  const OpenedInfo& info() const override { return info_; }
  VisitSample visit(std::size_t, Block) override {
    const double ns = visit_ns_(visits_++);
    return {{ns, ns, ns}, {ns, ns, ns}};
  }
  std::vector<double> time_from_file(int) override { return {}; }
  std::string output_hash() override { return id_; }

 private:
  std::string id_;
  VisitNs visit_ns_;
  std::size_t visits_ = 0;
  OpenedInfo info_{1, 2, 3, 1, 1000};
};

}  // namespace tamis::testing

#pragma once

#include "backends/ort/library.h"

namespace tamis::ort {

using Options = Owned<OrtSessionOptions>;

/// How one of the sessions that serve a model's streams is made.
struct SessionPlan {
  int threads = 0;        ///< of the session, the caller's among them; 0: the runtime's default
  std::vector<int> cpus;  ///< that its threads keep to, the caller's first; empty: any
};

/// Stream `stream` of settings.streams. Threads are shared out evenly, at least one each. Throws
/// invalid_argument where threads are to be pinned and there are more of them than cores.
SessionPlan plan_session(const RunSettings& settings, int stream);

/// Throws what the runtime says, and as append_provider() does.
Options make_options(const Library& library, const OpenRequest& request, const SessionPlan& plan);

/// Cheap options for a session that is only looked at.
Options make_look_options(const Library& library);

}  // namespace tamis::ort

#pragma once

#include <memory>

#include "runtime/backend.h"
#include "runtime/plugin_abi.h"

namespace tamis {

/// Collects what a plugin sends through a sink: pass `&text` as the user pointer.
void append_text(void* user, const char* text, std::uint64_t bytes);

/// Throws the error that a plugin's status stands for; nothing when it is 0. A runtime's words that
/// it got no memory are unavailable, not backend_failed: they say nothing about the model.
void check_status(std::int32_t status, const std::string& error);

/// A session that a plugin opened, as a Session. Takes over `session`.
std::unique_ptr<Session> make_host_session(const tamis_plugin& plugin, tamis_session* session);

}  // namespace tamis

#include "base/plugin.h"

#include <dlfcn.h>

#include <algorithm>
#include <system_error>

#include "base/error.h"
#include "base/files.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

/// glibc says "NAME: cannot open shared object file: No such file or directory" both for the file
/// itself and for a library that it needs; NAME tells them apart.
PluginFault classify(const fs::path& file, const std::string& reason) {
  if (contains(reason, "cannot open shared object file")) {
    bool itself = reason.rfind(file.string() + ":", 0) == 0;
    return itself ? PluginFault::file_missing : PluginFault::needs_missing;
  }
  if (contains(reason, "undefined symbol") || contains(reason, "symbol lookup error"))
    return PluginFault::symbol_missing;
  return PluginFault::not_a_library;
}

std::string fault_text(PluginFault fault, const fs::path& file, const std::string& reason) {
  std::string start = "load " + file.string() + ": ";
  switch (fault) {
    case PluginFault::file_missing:
      return start + "file missing (" + reason + ")";
    case PluginFault::needs_missing:
      return start + "a library that it needs is missing (" + reason +
             "); install the package that holds it";
    case PluginFault::symbol_missing:
      return start + "symbol missing (" + reason + "); it was built for another version";
    case PluginFault::not_a_library:
      break;
  }
  return start + "not a library that this machine can load (" + reason + ")";
}

[[noreturn]] void fail(PluginFault kind, const std::string& text, PluginFault* fault) {
  if (fault != nullptr) *fault = kind;
  throw Error(ErrorCode::unavailable, text);
}

/// The loader would wait for a pipe. A bare name is looked for by the loader itself.
void refuse_other_than_files(const fs::path& file, PluginFault* fault) {
  std::error_code ignored;
  if (!file.has_parent_path() || !fs::exists(file, ignored)) return;
  try {
    require_regular_file(file, kLibraryFile);
  } catch (const Error& error) {
    fail(PluginFault::not_a_library, fault_text(PluginFault::not_a_library, file, error.what()),
         fault);
  }
}

}  // namespace

std::vector<fs::path> plugin_folders() {
  std::vector<fs::path> folders;
  std::string named = environment("TAMIS_PLUGIN_DIR").value_or("");
  for (std::size_t start = 0; start < named.size();) {
    std::size_t end = std::min(named.find(':', start), named.size());
    const fs::path folder = named.substr(start, end - start);
    if (folder.is_absolute()) folders.push_back(folder);
    start = end + 1;
  }
  fs::path program = program_folder();
  folders.push_back(program / "plugins");
  folders.push_back(program.parent_path() / "plugins");
  folders.push_back(program.parent_path() / "lib" / "tamis" / "plugins");
  return folders;
}

std::optional<fs::path> find_plugin(const std::string& name) {
  for (const fs::path& folder : plugin_folders()) {
    fs::path file = folder / ("tamis-" + name + ".so");
    std::error_code ignored;
    if (fs::exists(file, ignored)) return file;
  }
  return std::nullopt;
}

PluginLibrary PluginLibrary::open(const fs::path& file, PluginFault* fault) {
  refuse_other_than_files(file, fault);
  void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle != nullptr) return PluginLibrary(handle, file);
  const char* words = ::dlerror();
  std::string reason = words != nullptr ? words : "no reason given";
  PluginFault kind = classify(file, reason);
  fail(kind, fault_text(kind, file, reason), fault);
}

PluginLibrary PluginLibrary::open_plugin(const std::string& name, PluginFault* fault) {
  if (auto file = find_plugin(name)) return open(*file, fault);
  std::string text = "load plugin " + name + ": file missing: no tamis-" + name + ".so in";
  for (const fs::path& folder : plugin_folders()) text += " " + folder.string();
  fail(PluginFault::file_missing, text + "; build it, or name its folder in TAMIS_PLUGIN_DIR",
       fault);
}

void* PluginLibrary::symbol(const std::string& name) const {
  void* address = find_symbol(name);
  if (address != nullptr) return address;
  throw Error(ErrorCode::unavailable, "load " + file_.string() + ": symbol missing: " + name +
                                          "; it was built for another version");
}

void* PluginLibrary::find_symbol(const std::string& name) const noexcept {
  return ::dlsym(handle_, name.c_str());
}

}  // namespace tamis

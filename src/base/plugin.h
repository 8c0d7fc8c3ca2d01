#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tamis {

/// The folders in which plugins are looked for, in this order: those of $TAMIS_PLUGIN_DIR
/// (separated by colons), then plugins/ beside the program, ../plugins of it, and
/// ../lib/tamis/plugins of it. Thread safe.
std::vector<std::filesystem::path> plugin_folders();

/// The file tamis-NAME.so in the first of plugin_folders() that has it; absent when none has.
/// Thread safe.
std::optional<std::filesystem::path> find_plugin(const std::string& name);

/// What is wrong with a library that could not be opened.
enum class PluginFault {
  file_missing,    ///< no such file
  needs_missing,   ///< a library that it needs is missing
  not_a_library,   ///< the file is there, but the loader refuses it for another reason
  symbol_missing,  ///< the library lacks something that it should export, or imports something that
                   ///< nobody has
};

/// A shared library opened by dlopen(RTLD_NOW | RTLD_LOCAL). It stays loaded until the process
/// ends: unloading is not safe with runtimes that start threads. A copy is a second handle on the
/// same library. Thread safe.
class PluginLibrary {
 public:
  /// Opens a library. `file` is a path, or a bare name for the system's search path. Throws
  /// unavailable; the text says which PluginFault it is and keeps the loader's own words. `fault`,
  /// when given, gets the kind of failure.
  static PluginLibrary open(const std::filesystem::path& file, PluginFault* fault = nullptr);

  /// Opens the plugin of that name, found by find_plugin. Throws unavailable, naming the folders
  /// that were searched.
  static PluginLibrary open_plugin(const std::string& name, PluginFault* fault = nullptr);

  /// The address of an exported symbol. Throws unavailable naming library and symbol.
  void* symbol(const std::string& name) const;
  /// The same, absent (null) when there is none.
  void* find_symbol(const std::string& name) const noexcept;

  /// The symbol as a function of type F, for example function<int (*)(int)>("name").
  template <typename F>
  F function(const std::string& name) const {
    return reinterpret_cast<F>(symbol(name));
  }

  const std::filesystem::path& file() const { return file_; }

 private:
  PluginLibrary(void* handle, std::filesystem::path file)
      : handle_(handle), file_(std::move(file)) {}

  void* handle_;
  std::filesystem::path file_;
};

}  // namespace tamis

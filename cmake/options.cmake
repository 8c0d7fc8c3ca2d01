option(TAMIS_BUILD_TESTS "Build the tests" ON)
# On in optimised builds: most of the time goes into headers, which a batch reads once. The others compile each source
# alone, so that none leans on what another one includes.
string(COMPARE EQUAL "${CMAKE_BUILD_TYPE}" Release unity_default)
option(TAMIS_UNITY "Compile the sources of a target in batches" ${unity_default})
set(TAMIS_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined or thread")
set(TAMIS_DEPS_DIR "" CACHE PATH "Folder of unpacked dependencies (default: the user's cache folder)")

if(NOT TAMIS_DEPS_DIR)
  if(DEFINED ENV{TAMIS_DEPS_DIR})
    set(TAMIS_DEPS_DIR $ENV{TAMIS_DEPS_DIR} CACHE PATH "" FORCE)
  elseif(DEFINED ENV{XDG_CACHE_HOME})
    set(TAMIS_DEPS_DIR $ENV{XDG_CACHE_HOME}/tamis/deps CACHE PATH "" FORCE)
  else()
    set(TAMIS_DEPS_DIR $ENV{HOME}/.cache/tamis/deps CACHE PATH "" FORCE)
  endif()
endif()

# Warnings and sanitizers live on this one target; nothing touches CMAKE_CXX_FLAGS.
add_library(tamis_options INTERFACE)
target_compile_features(tamis_options INTERFACE cxx_std_20)
target_include_directories(tamis_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(tamis_options INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wcast-qual -Wimplicit-fallthrough
  # g++ 12 sees overlapping copies in std::string's operator+ (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
# A static library names what any of its files may need; a program loads only what it really uses.
target_link_options(tamis_options INTERFACE -Wl,--as-needed)
if(TAMIS_SANITIZE)
  target_compile_options(tamis_options INTERFACE -fsanitize=${TAMIS_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)  # noisy under sanitizers
  target_link_options(tamis_options INTERFACE -fsanitize=${TAMIS_SANITIZE})
endif()

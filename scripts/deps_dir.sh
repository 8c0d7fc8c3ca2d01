# shellcheck shell=sh
# Sourced: the folder of unpacked dependencies, and version NAME of cmake/versions.cmake.
deps=${TAMIS_DEPS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/tamis/deps}
version() { sed -nE "s/^set\\($1 \"?([^\")]*)\"?\\)\$/\\1/p" cmake/versions.cmake; }

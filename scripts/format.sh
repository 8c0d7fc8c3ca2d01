#!/usr/bin/env bash
# Checks the format of every C++ file that git knows or would add: format.sh [--fix]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/deps_dir.sh
tool=$deps/clang-format-$(version TAMIS_CLANG_FORMAT_VERSION)/clang_format/data/bin/clang-format
[ -x "$tool" ] || { echo "format: $tool is missing; run scripts/setup.sh --test" >&2; exit 1; }
how=(--dry-run -Werror)
[ "${1:-}" = --fix ] && how=(-i)
git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cpp' |
  while IFS= read -r -d '' file; do [ -f "$file" ] && printf '%s\0' "$file"; done |
  xargs -0 -r "$tool" --style=file "${how[@]}"

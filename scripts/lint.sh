#!/usr/bin/env bash
# Runs clang-tidy on the C++ sources that differ from the last landed commit: lint.sh BUILD_FOLDER [MOST_FILES]
# Landed is origin/main where it is behind HEAD, else HEAD's parent. Past the limit (default 20) the rest is named, not linted.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1 most=${2:-20}

base=$(git rev-parse -q --verify origin/main 2>/dev/null || true)
if [ -z "$base" ] || [ "$base" = "$(git rev-parse -q --verify HEAD || true)" ]; then
  base=$(git rev-parse -q --verify HEAD~1 || true)
fi
[ -n "$base" ] || base=$(git hash-object -t tree /dev/null)

mapfile -t files < <({ git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp'
  git ls-files --others --exclude-standard -- 'src/*.cpp'; } | sort -u)
if [ "${#files[@]}" -gt "$most" ]; then
  echo "lint: ${#files[@]} sources changed; lints $most of them, not: ${files[*]:most}"
  files=("${files[@]:0:most}")
fi
[ "${#files[@]}" -gt 0 ] || { echo "lint: no source changed"; exit 0; }
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p "$build" \
  --warnings-as-errors='*' --extra-arg=-Wno-unknown-warning-option \
  2> >(grep -vE '^[0-9]+ warnings? generated' >&2)
echo "lint: ${#files[@]} sources are clean"

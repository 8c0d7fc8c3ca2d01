#!/usr/bin/env bash
# The CPU time of a newcomer's `make build`: build_time.sh [--tests]
# Copies the checkout's files to a temporary folder, with an empty dependency folder and without ccache. With --tests, also
# what `make test` builds beyond that. Debian's packages have to be there. CPU time, since wall time depends on the cores;
# it still grows by a third when both threads of a core are busy, so the load is printed too.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
git ls-files -z | xargs -0 cp --parents -t "$work/source"

unset XDG_CACHE_HOME MAKEFLAGS
export CCACHE_DISABLE=1 TAMIS_DEPS_DIR=$work/deps TIMEFORMAT='%U %S %R'
total=0
step() {
  local name=$1 took load
  shift
  load=$(cut -d' ' -f1 /proc/loadavg)
  { time "$@" >"$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }; } 2>"$work/took"
  took=$(tail -1 "$work/took")
  total=$(awk -v t="$total" -v step="$took" 'BEGIN {split(step, s, " "); print t + s[1] + s[2]}')
  awk -v name="$name" -v step="$took" -v load="$load" \
    'BEGIN {split(step, s, " "); printf "%-24s %5.1f min CPU  %5.1f min  load before %s\n", name, (s[1] + s[2]) / 60, s[3] / 60, load}'
}
summary() { awk -v name="$1" -v t="$total" 'BEGIN {printf "%-24s %5.1f min CPU\n", name, t / 60}'; }

step "dependencies" make -C "$work/source" setup
step "programs" make -C "$work/source" programs
summary "make build"
if [ "${1:-}" = --tests ]; then
  step "tests' dependencies" make -C "$work/source" setup-test
  step "tests" make -C "$work/source" setup-test release
  summary "make test, build only"
fi

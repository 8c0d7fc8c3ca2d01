#!/usr/bin/env bash
# Runs a test preset, names every test that was skipped and why, and ends with the line "N passed, N failed, N skipped": test.sh PRESET
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1 junit=$PWD/build/$1/junit.xml
rm -f "$junit"
status=0
ctest --preset "$preset" --output-junit "$junit" || status=$?
[ -f "$junit" ] || { echo "test: ctest ran nothing; build first (make build)" >&2; exit 1; }

count() { tr '\n' ' ' <"$junit" | sed -nE "s/.*<testsuite [^>]* ?$1=\"([0-9]+)\".*/\\1/p"; }
failed=$(count failures)
skipped=$(($(count skipped) + $(count disabled)))
passed=$(($(count tests) - failed - skipped))
if [ $((passed + failed)) = 0 ]; then
  echo "test: no test ran" >&2
  status=1
fi
[ "$failed" = 0 ] || [ $status != 0 ] || status=1
/usr/bin/python3 scripts/skipped_tests.py "$junit" || status=1
echo "$passed passed, $failed failed, $skipped skipped"
exit $status

#!/bin/sh
# Fuzzes each parser for so many seconds, then so many models: tests/fuzz/run.sh BUILD SECONDS [MODELS]. Build first:
# cmake --preset dev && ninja -C build/dev fuzz_parsers
set -eu
build=${1:?usage: run.sh BUILD SECONDS [MODELS]}
seconds=${2:?usage: run.sh BUILD SECONDS [MODELS]}
failed=0
for parser in model card data-yaml yolo-labels coco names list idx cifar picture python frame units store result run listing; do
  "$build/tests/fuzz_parsers" "$parser" "$seconds" || failed=1
done
"$build/tests/fuzz_parsers" models "${3:-30000}" || failed=1
exit $failed

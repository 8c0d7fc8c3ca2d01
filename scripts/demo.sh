#!/usr/bin/env bash
# The main job on real input: demo/fashion_resnet.onnx on Debian's Fashion-MNIST. Leaves the folder tamis-demo.
set -euo pipefail
cd "$(dirname "$0")/.."
images=/usr/share/datasets/fashion-mnist
[ -d "$images" ] || { echo "demo: $images is missing; run scripts/setup.sh" >&2; exit 1; }
[ -x build/release/tamis ] || { echo "demo: build/release/tamis is missing; run make build" >&2; exit 1; }
exec build/release/tamis optimize demo/fashion_resnet.onnx --data "$images" --max-drop 1% --budget 2m --out tamis-demo "$@"

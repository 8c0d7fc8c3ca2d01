# Every version that the build depends on, in one place. scripts/setup.sh reads this file too:
# keep one `set(NAME value)` per line.
set(TAMIS_VERSION 0.1.0)
set(TAMIS_ONNX_VERSION 1.23.0)
set(TAMIS_ONNX_SHA256 3f4b7323ea3397c63aa6ff5d43abe16013ffefc0a96cb8a0be6527ff1e1add40)
set(TAMIS_ONNXRUNTIME_VERSION 1.31.1)
set(TAMIS_ONNXRUNTIME_HEADERS_VERSION 1.21)
set(TAMIS_OPENVINO_VERSION 2026.4.1)
# One formatter everywhere: what Debian 12 and 13 ship disagree with each other.
set(TAMIS_CLANG_FORMAT_VERSION 14.0.6)
# What the referee tests compare with; each has wheels for Python 3.11 and 3.13.
set(TAMIS_REFEREE_WHEELS "numpy==2.2.5 pillow==11.2.1 pycocotools==2.0.10 opencv-python-headless==4.12.0.88 jsonschema==4.25.0 jsonschema-specifications==2025.4.1 referencing==0.36.2 rpds-py==0.27.1 attrs==25.3.0 typing-extensions==4.15.0")

#!/usr/bin/env bash
# Installs what the build needs: Debian packages (scripts/packages.txt), and under TAMIS_DEPS_DIR (default: the user's cache
# folder), a folder per name and version, what Debian does not have (cmake/versions.cmake). With --test, what the tests need
# as well. What is there already is left alone; each folder appears whole or not at all.
set -euo pipefail
cd "$(dirname "$0")/.."

want_test=no
case "${1:-}" in
  --test) want_test=yes ;;
  "") ;;
  *) echo "usage: scripts/setup.sh [--test]" >&2; exit 2 ;;
esac

. scripts/deps_dir.sh
python=/usr/bin/python3  # Debian's own: whatever else is first on the PATH may have no pip

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

onnx_version=$(version TAMIS_ONNX_VERSION)
onnx_sha256=$(version TAMIS_ONNX_SHA256)
onnxruntime_version=$(version TAMIS_ONNXRUNTIME_VERSION)
headers_version=$(version TAMIS_ONNXRUNTIME_HEADERS_VERSION)
openvino_version=$(version TAMIS_OPENVINO_VERSION)
clang_format_version=$(version TAMIS_CLANG_FORMAT_VERSION)
referee_wheels=$(version TAMIS_REFEREE_WHEELS)

# ---- Debian packages

wanted_packages() {
  awk -v tests=$want_test '/^#/ || !NF {next} $2 != "test" || tests == "yes" {print $1}' scripts/packages.txt
}

missing_packages() {
  comm -23 <(wanted_packages | sort) \
    <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | awk '$1 ~ /^.i$/ {print $2}' | sort -u)
}

install_packages() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "needs Debian 12 or newer; elsewhere install by hand what scripts/packages.txt names"
  local missing sudo=()
  missing=$(missing_packages | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  local command="apt-get install -y --no-install-recommends $missing"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null ||
      fail "packages are missing and this is not root; run as root, then again here:
  apt-get update && $command"
    sudo=(sudo -n)
  fi
  say "installs $missing"
  "${sudo[@]}" dpkg --configure -a >&2 || fail "dpkg --configure -a failed; see above"  # after a killed installation
  "${sudo[@]}" apt-get update -q >&2 || fail "apt-get update failed; see above"
  # shellcheck disable=SC2086
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive $command -q -o DPkg::Lock::Timeout=600 >&2 ||
    fail "apt-get install failed; see above"
}

# ---- Folders under $deps: built in a name that starts with a dot, renamed when whole

# make_folder NAME FUNCTION ARGS…: FUNCTION FOLDER ARGS… fills the folder.
make_folder() {
  local name=$1 fill=$2 part=$deps/.part-$1
  shift 2
  [ -d "$deps/$name" ] && return 0
  say "makes $deps/$name"
  rm -rf "$part"
  mkdir -p "$part"
  "$fill" "$part" "$@"
  mv -T "$part" "$deps/$name"
}

fill_wheels() {
  local folder=$1
  shift
  "$python" -m pip install -q --disable-pip-version-check --no-warn-script-location --root-user-action=ignore \
    --no-deps --only-binary :all: --target "$folder" "$@" >&2 ||
    fail "pip could not fetch $*; look at pip's settings (pip config list) and the network"
}

# ONNX's C++ library from its source archive. The build folder stays until the end, so that a killed build goes on.
fill_onnx() {
  local folder=$1 work=$deps/.build-onnx-$onnx_version launcher=()
  mkdir -p "$work"
  if [ ! -d "$work/source" ]; then
    rm -rf "$work/unpacked"
    mkdir "$work/unpacked"
    local archive
    archive=$("$python" scripts/fetch_sdist.py onnx "$onnx_version" "$onnx_sha256" "$work")
    tar -xzf "$archive" -C "$work/unpacked" --strip-components=1
    mv -T "$work/unpacked" "$work/source"
  fi
  # It asks for CMake 3.26 and uses nothing that Debian 12's 3.25 lacks.
  sed -i -E '/^cmake_minimum_required/s/3\.26/3.25/' "$work/source/CMakeLists.txt"
  command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake -S "$work/source" -B "$work/build" -G Ninja --log-level=WARNING -Wno-dev \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_CXX_STANDARD=17 -DBUILD_SHARED_LIBS=OFF \
    -DCMAKE_INSTALL_PREFIX="$deps/onnx-$onnx_version" -DPython3_EXECUTABLE="$python" -DPython_EXECUTABLE="$python" \
    -DONNX_BUILD_PYTHON=OFF -DONNX_BUILD_TESTS=OFF -DONNX_USE_PROTOBUF_SHARED_LIBS=ON -DONNX_ML=ON "${launcher[@]}" >&2
  say "compiles ONNX $onnx_version (some minutes, once)"
  cmake --build "$work/build" >&2
  cmake --install "$work/build" --prefix "$folder" >/dev/null
  rm -rf "$work"
}

# The C headers of ONNX Runtime are in Debian's libonnxruntime-dev from Debian 13 on. The one file is fetched with private
# apt lists (suite trixie of the mirror that apt uses) and unpacked; nothing is installed.
fill_onnxruntime_headers() {
  local folder=$1 work=$deps/.apt mirror
  mirror=$(apt_mirror)
  [ -n "$mirror" ] || fail "apt has no Debian mirror configured; add one to /etc/apt/sources.list.d"
  rm -rf "$work"
  mkdir -p "$work/lists/partial" "$work/archives/partial"
  touch "$work/status"
  cat >"$work/trixie.sources" <<EOF
Types: deb
URIs: $mirror
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
EOF
  local apt=(apt-get -q -o "Dir::Etc::sourcelist=$work/trixie.sources" -o Dir::Etc::sourceparts=- -o "Dir::State=$work"
    -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work"
    -o Acquire::Languages=none -o APT::Sandbox::User=root -o APT::Update::Post-Invoke-Success::= )
  "${apt[@]}" update >&2
  (cd "$work" && "${apt[@]}" download "libonnxruntime-dev" >&2)
  dpkg-deb -x "$work"/libonnxruntime-dev_"$headers_version"*.deb "$work/unpacked"
  mv "$work/unpacked/usr/include/onnxruntime" "$folder/"
  [ -f "$folder/onnxruntime/onnxruntime_c_api.h" ] || fail "libonnxruntime-dev holds no onnxruntime_c_api.h"
  rm -rf "$work"
}

# The first mirror of the Debian archive (not the security one) in apt's own settings.
apt_mirror() {
  apt-get indextargets --format '$(SITE) $(REPO_URI) $(ORIGIN) $(LABEL)' 2>/dev/null |
    awk '$3 == "Debian" && $4 == "Debian" {print $2; exit}'
}

install_packages
mkdir -p "$deps"
exec 9>"$deps/.lock"
flock -n 9 || { say "waits for another set-up of $deps"; flock 9; }
rm -rf "$deps"/.part-*  # of a killed one
make_folder "onnxruntime-$onnxruntime_version" fill_wheels "onnxruntime==$onnxruntime_version"
make_folder "openvino-$openvino_version" fill_wheels "openvino==$openvino_version"
make_folder "onnxruntime-headers-$headers_version" fill_onnxruntime_headers
if [ $want_test = yes ]; then
  python_version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  referee=referee-py$python_version-$(printf %s "$referee_wheels" | sha256sum | cut -c1-12)
  make_folder "clang-format-$clang_format_version" fill_wheels "clang-format==$clang_format_version"
  # shellcheck disable=SC2086
  make_folder "$referee" fill_wheels $referee_wheels
fi
make_folder "onnx-$onnx_version" fill_onnx

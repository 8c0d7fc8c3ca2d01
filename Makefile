# make demo | test | build | deb | install PREFIX=… | format | clean     (`make build` is the default)
PREFIX ?= /usr/local
DEPS = $(if $(TAMIS_DEPS_DIR),-DTAMIS_DEPS_DIR=$(TAMIS_DEPS_DIR))

.PHONY: build demo test deb install format clean setup setup-test release configure programs

build: setup programs

demo: build
	scripts/demo.sh

test: setup-test release
	scripts/test.sh release

# build/package/tamis_…_amd64.deb, for the Debian that it is made on.
deb: build
	cpack -G DEB --config build/release/CPackConfig.cmake -B build/package

install: build
	cmake --install build/release --prefix $(PREFIX)

format: setup-test
	scripts/format.sh --fix

clean:
	rm -rf build

setup:
	scripts/setup.sh

setup-test:
	scripts/setup.sh --test

programs: configure
	cmake --build --preset release --target programs

release: configure
	cmake --build --preset release

# Set-up first, also under make -j.
configure: | $(filter setup setup-test,$(if $(filter test,$(MAKECMDGOALS)),setup-test,setup))
	@grep -qs 'CMAKE_HOME_DIRECTORY:INTERNAL=$(CURDIR)$$' build/release/CMakeCache.txt || rm -rf build/release  # the checkout moved
	cmake --preset release --log-level=WARNING $(DEPS)

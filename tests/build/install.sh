#!/bin/sh
#   Installs into a temporary prefix and builds the examples there as a stranger would: by pkg-config, and by
#   find_package. Then once more under DESTDIR.
#
#       install.sh BUILD-DIR SOURCE-DIR CC [CFLAGS]
set -eu

build=$1 source=$2 compiler=$3 flags=${4:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
export CMAKE_BUILD_PARALLEL_LEVEL=1
unset DESTDIR

say () { echo "-- $*"; }
fail () { echo "FAILED: $*" >&2; exit 1; }

say "install"
cmake --install "$build" --prefix "$prefix" >"$work/install.log"
pc=$(find "$prefix" -name keel.pc)
libraries=$(dirname "$(dirname "$pc")")
test -f "$prefix/include/keel/keel.h" || fail "no keel.h"
test -L "$libraries/libkeel.so" || fail "no libkeel.so"
test -e "$libraries/libkeel.so.0" || fail "no libkeel.so.0"
find "$prefix" -name '*_testing*' | grep . && fail "the testing twin was installed"

say "pkg-config"
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
version=$(pkg-config --modversion keel)
pkg-config --print-requires keel | grep -q libczmq || fail "keel.pc requires no libczmq"
#   Splitting the flags is what is meant here.
# shellcheck disable=SC2046,SC2086
"$compiler" $flags -o "$work/version" "$source/clients/examples/c/version.c" $(pkg-config --cflags --libs keel)
LD_LIBRARY_PATH=$libraries "$work/version" | grep -qF "$version" || fail "the example does not say $version"

say "find_package"
cmake -S "$source/clients/examples/c" -B "$work/examples" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_COMPILER="$compiler" -DCMAKE_C_FLAGS="$flags" >"$work/configure.log"
cmake --build "$work/examples" >"$work/build.log" || { cat "$work/build.log"; fail "the examples do not build"; }
"$work/examples/version" | grep -qF "$version" || fail "the example does not say $version"

say "DESTDIR"
DESTDIR=$work/stage cmake --install "$build" --prefix /opt/keel >"$work/stage.log"
test -f "$work/stage/opt/keel/include/keel/keel.h" || fail "DESTDIR is not honoured"
test "$(find "$work/stage" -mindepth 1 -maxdepth 1)" = "$work/stage/opt" || fail "something went beside the prefix"

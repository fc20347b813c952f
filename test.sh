#!/bin/sh
#   Builds and tests Keel on a Debian 12 that has nothing yet: with sanitizers first, then what is released. What has threads
#   is tested with the thread sanitizer too. What clang thinks of the code is asked, where there is a clang. Ends with ctest's
#   summary; exit 0: everything passed.
set -eu
cd "$(dirname "$0")"

./systemd/install-deps.sh
jobs=$(nproc)

#   build PRESET [TARGET]
build () {
    cmake --preset "$1" >/dev/null
    cmake --build --preset "$1" -j "$jobs" --target "${2:-all}" -- --quiet
}

build tsan threads
build asan
build release
if command -v clang >/dev/null; then
    build clang
fi

#   check PRESET [ARG...]: what fails beside others, on a machine that may have stood still meanwhile, has one more try by itself.
#   Both are in the output.
check () {
    preset=$1
    shift
    ctest --preset "$preset" -j "$((jobs * 2))" "$@" || ctest --preset "$preset" --rerun-failed
}

check tsan -L threads
check asan
check release

#!/bin/sh
#   Builds and tests Keel on a Debian 12 that has nothing yet: with sanitizers first, then what is released. What clang
#   thinks of the code is asked too, where there is a clang. Ends with ctest's summary; exit 0: everything passed.
set -eu
cd "$(dirname "$0")"

./systemd/install-deps.sh
jobs=$(nproc)

build () {
    cmake --preset "$1" >/dev/null
    cmake --build --preset "$1" -j "$jobs" -- --quiet
}

for preset in asan release; do
    build "$preset"
done
if command -v clang >/dev/null; then
    build clang
fi
for preset in asan release; do
    ctest --preset "$preset" -j "$((jobs * 2))"
done

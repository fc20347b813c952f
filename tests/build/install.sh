#!/bin/sh
#   Installs into a temporary prefix and builds the examples there as a stranger would: by pkg-config, and by
#   find_package. Runs them, and the ones in Python, against the installed broker. Then installs once more under DESTDIR, and staged as
#   packages are.
#
#       install.sh BUILD-DIR SOURCE-DIR CC
set -eu

build=$1 source=$2 compiler=$3
work=$(mktemp -d)
pids=
clean_up () {
    for pid in $pids; do
        kill -9 "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap clean_up EXIT
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
for program in "$prefix"/bin/*; do
    test -f "$prefix/share/bash-completion/completions/${program##*/}" || fail "no completion for $program"
done
find "$prefix" -name '*_testing*' | grep . && fail "the testing twin was installed"

say "units and configuration"
unit=$prefix/lib/systemd/system/mdbroker.service
grep -q "^ExecStart=$prefix/bin/mdbroker --config $prefix/etc/keel/mdbroker.cfg " "$unit" || fail "$unit names another prefix"
test -f "$prefix/lib/sysusers.d/keel.conf" || fail "no user"
test -f "$prefix/lib/tmpfiles.d/keel.conf" || fail "no /run/keel"
echo "# mine" >>"$prefix/etc/keel/mdbroker.cfg"
cmake --install "$build" --prefix "$prefix" >"$work/install.log"
grep -q "^# mine" "$prefix/etc/keel/mdbroker.cfg" || fail "a configuration file was overwritten"

say "pkg-config"
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
version=$(pkg-config --modversion keel)
pkg-config --print-requires keel | grep -q libczmq || fail "keel.pc requires no libczmq"
mkdir "$work/by-pkg-config"
for example in clients/examples/c/version clients/examples/c/hello clients/examples/c/squares clients/examples/c/durable \
    workers/examples/c/echo; do
    #   Splitting the flags is what is meant here.
    # shellcheck disable=SC2046,SC2086
    "$compiler" -o "$work/by-pkg-config/${example##*/}" "$source/$example.c" $(pkg-config --cflags --libs keel)
done

say "find_package"
mkdir "$work/by-cmake"
for side in clients workers; do
    cmake -S "$source/$side/examples/c" -B "$work/$side" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$work/by-cmake" -DCMAKE_C_COMPILER="$compiler" \
        >"$work/configure.log"
    cmake --build "$work/$side" >"$work/build.log" || { cat "$work/build.log"; fail "the examples do not build"; }
done

#   wait_until COMMAND...: for at most 20 seconds.
wait_until () {
    tries=400
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        test "$tries" -gt 0 || fail "never came true: $*"
        sleep 0.05
    done
}

#   through_titanic FOLDER: the examples that store their request.
through_titanic () {
    test "$("$1/durable" "$work/uuid" "$broker")" = hello || fail "$1/durable with $worker"
    test ! -e "$work/uuid" || fail "$1/durable did not finish"
    test "$("$source/clients/examples/python/durable.py" "$broker")" = hello || fail "durable.py with $worker"
}

#   round_trips FOLDER: the examples there, with the C worker and then with the one in Python.
round_trips () {
    for worker in "$1/echo" "$source/workers/examples/python/echo.py"; do
        "$worker" "$broker" &
        worker_pid=$!
        pids="$pids $worker_pid"
        wait_until "$prefix/bin/mdctl" --broker "$broker" explain echo
        test "$("$1/hello" "$broker")" = hello || fail "$1/hello with $worker"
        test "$("$source/clients/examples/python/hello.py" "$broker")" = hello || fail "hello.py with $worker"
        "$1/squares" "$broker" | grep -q '^100 of 100' || fail "$1/squares with $worker"
        if test -x "$prefix/bin/titanic"; then
            through_titanic "$1"
        fi
        kill "$worker_pid"
        wait "$worker_pid" || test "$?" -eq 143 || fail "$worker ends badly"
        wait_until sh -c "! '$prefix/bin/mdctl' --broker '$broker' explain echo"
    done
}

say "the examples"
export LD_LIBRARY_PATH="$libraries"
broker=ipc://$work/broker
"$prefix/bin/mdbroker" --bind "$broker" --heartbeat 200 2>"$work/broker.log" &
pids="$pids $!"
wait_until grep -q listening "$work/broker.log"
if test -x "$prefix/bin/titanic"; then
    "$prefix/bin/titanic" --broker "$broker" --data "$work/data" 2>"$work/titanic.log" &
    pids="$pids $!"
fi
for folder in "$work/by-pkg-config" "$work/by-cmake"; do
    "$folder/version" | grep -qF "$version" || fail "the example does not say $version"
    round_trips "$folder"
done

say "DESTDIR"
DESTDIR=$work/stage cmake --install "$build" --prefix /opt/keel >"$work/stage.log"
test -f "$work/stage/opt/keel/include/keel/keel.h" || fail "DESTDIR is not honoured"
test "$(find "$work/stage" -mindepth 1 -maxdepth 1)" = "$work/stage/opt" || fail "something went beside the prefix"

say "staged for /usr"
DESTDIR="$work/staged" cmake --install "$build" --prefix /usr >"$work/staged.log"
test -f "$work/staged/etc/keel/mdbroker.cfg" || fail "/usr has its configuration elsewhere than in /etc"
grep -q "^ExecStart=/usr/bin/mdbroker --config /etc/keel/mdbroker.cfg " "$work/staged/lib/systemd/system/mdbroker.service" ||
    fail "the staged unit does not name /usr"

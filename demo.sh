#!/bin/sh
#   Shows the main job on a Debian 12 that has nothing yet: a broker routes requests to workers, one of them is killed in
#   the middle of a request, and the client gets its answer all the same. Installs what is needed, builds, runs, cleans up.
#
#       demo.sh [BUILD-DIR]     shows what is built there, and neither installs nor builds
set -eu
bin=${1:-}
cd "$(dirname "$0")"

if [ -z "$bin" ]; then
    ./systemd/install-deps.sh
    echo "Building..."
    cmake --preset release >/dev/null
    cmake --build --preset release -j "$(nproc)" --target mdbroker mdclient mdworker mdctl -- --quiet
    bin=$PWD/build/release
fi
dir=$(mktemp -d)
pids=
clean_up () {
    for pid in $pids; do
        kill -9 "$pid" 2>/dev/null || true
    done
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

say () { printf '\n\033[1m%s\033[0m\n' "$*"; }
run () { printf '  $ %s\n' "$*"; "$@" 2>&1 | sed 's/^/    /'; }

#   wait_until SECONDS COMMAND...: polls; fails loudly.
wait_until () {
    tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "demo: gave up waiting for: $*" >&2; cat "$dir"/*.log >&2; exit 1; }
        sleep 0.05
    done
}

#   start NAME COMMAND...: in the background, with a log; its pid goes to NAME.pid.
start () {
    name=$1
    shift
    printf '  $ %s &\n' "$*"
    "$@" >"$dir/$name.log" 2>&1 &
    pids="$pids $!"
    echo $! >"$dir/$name.pid"
}

PATH=$bin/brokers:$bin/clients:$bin/workers:$PATH

say "1. A broker"
start broker mdbroker --bind 'tcp://127.0.0.1:*' --admin "ipc://$dir/admin"
wait_until 5 grep -q 'listening on ipc' "$dir/broker.log"
KEEL_BROKER=$(sed -n 's/.*listening on \(tcp:[^ ]*\).*/\1/p' "$dir/broker.log")
export KEEL_BROKER
echo "    listening on $KEEL_BROKER, found by the others through KEEL_BROKER"

say "2. A worker that runs a command for each request, and a client"
start upper mdworker upper -- tr a-z A-Z
run mdclient upper "any program that reads stdin and writes stdout can serve"

say "3. Two slow workers of one service"
for name in one two; do
    start "$name" mdworker slow -- sh -c "echo $name >>'$dir/begun'; sleep 1; echo \"\$(cat), says worker $name\""
done
wait_until 5 sh -c "mdctl workers | grep -c slow | grep -q 2"
run mdctl workers

say "4. A request; the worker that has it is killed with -9 before it can answer"
printf '  $ mdclient slow hello &\n'
mdclient -t 20000 slow hello >"$dir/answer" &
client=$!
wait_until 5 test -s "$dir/begun"
victim=$(head -1 "$dir/begun")
printf '  $ kill -9 $(worker %s)\n' "$victim"
kill -9 "$(cat "$dir/$victim.pid")"
wait "$client"
sed 's/^/    /' "$dir/answer"
grep -qv "says worker $victim" "$dir/answer" || { echo "demo: the dead cannot answer" >&2; exit 1; }
printf '  $ mdctl stats | grep -E requeued\n'
mdctl stats | grep -E 'requeued' | sed 's/^/    /'

say "5. The broker is told to stop: it finishes what is held, tells its workers, and exits"
kill -TERM "$(cat "$dir/broker.pid")"
wait "$(cat "$dir/broker.pid")"
echo "    exit code 0"

say "That is the main job. Next: ./test.sh, and README.md"

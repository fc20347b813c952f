#!/bin/sh
#   check.sh FOLDER FAULTS PROPERTY [-DBROKEN]: checks one property of bstar.pml. Exit 0: it holds; with -DBROKEN: it was found not to.
#   PROPERTY: settles, serves (ltl), or safety (assertions, two active ones among them when FAULTS is 0).
set -eu
source=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
faults=$2 property=$3 broken=${4:-}

if [ "$property" = safety ]; then
    grep -v '^ltl ' "$source/bstar.pml" > model.pml
    flags="-DSAFETY" run=""
else
    cp "$source/bstar.pml" model.pml
    flags="-DNFAIR=4" run="-a -f -N $property"
fi
cp "$source/bstar_table.pml" .
#   Words of the options are words of the command.
# shellcheck disable=SC2086
{
    spin -a -DFAULTS="$faults" $broken model.pml
    cc -O1 -w -DVECTORSZ=2048 -DCOLLAPSE $flags -o pan pan.c
    ./pan -m200000 -n $run > result.txt
}
cat result.txt
grep -q "max search depth too small" result.txt && { echo "the search was cut off" >&2; exit 1; }
if [ -n "$broken" ]; then
    grep -q "errors: [1-9]" result.txt
else
    grep -q "errors: 0" result.txt
fi

#!/bin/sh
#   What systemd says of the units, and of the user and the directory that they need: verified, each service exposed by at most 1.5, and
#   nothing to warn of. A unit with a mistake and one without its sandbox must fail here.
#
#       units.sh FOLDER-OF-UNITS SOURCE-DIR
set -eu

units=$1 source=$2
command -v systemd-analyze >/dev/null || { echo "there is no systemd-analyze"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail () { echo "FAILED: $*" >&2; exit 1; }

#   Warnings count, but those about units of the machine that it happens to look at.
verified () {
    name=${1##*/}
    systemd-analyze verify --man=no "$1" >"$work/said" 2>&1 && ! grep -F "${name%.*}" "$work/said"
}

guarded () {
    systemd-analyze security --offline=true --no-pager --threshold=15 "$1" >"$work/said"
}

for unit in "$units"/*; do
    echo "-- ${unit##*/}"
    verified "$unit" || { cat "$work/said"; fail "$unit is not verified"; }
    case $unit in *.service)
        guarded "$unit" || { cat "$work/said"; fail "$unit is exposed by more than 1.5"; }
        tail -n 1 "$work/said"
        ;;
    esac
done

echo "-- users and directories"
grep -q nogroup /etc/group && mkdir -p "$work/root/etc" && cp /etc/passwd /etc/group "$work/root/etc"
systemd-sysusers --root="$work/root" "$source/systemd/keel.sysusers"
grep -q '^keel:.*nologin$' "$work/root/etc/passwd" || fail "no user keel"
if [ "$(id -u)" -eq 0 ]; then
    systemd-tmpfiles --root="$work/root" --create "$source/systemd/keel.tmpfiles"
    test "$(stat -c %a "$work/root/run/keel")" = 750 || fail "/run/keel has other rights"
fi

echo "-- what is wrong is found"
{ cat "$units/mdbroker.service"; echo "[Service]"; echo "Nonsense=yes"; } >"$work/nonsense.service"
verified "$work/nonsense.service" && fail "a key that there is not is verified"
grep -v "^Protect" "$units/mdbroker.service" >"$work/exposed.service"
guarded "$work/exposed.service" && fail "a unit without its sandbox passes"
exit 0

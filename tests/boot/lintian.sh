#!/bin/sh
#   Packs the packages twice, which must give the same bytes, and asks lintian about them: no errors.
#
#       lintian.sh CPACK BUILD-DIR
set -eu

cpack=$1 build=$2
command -v lintian >/dev/null || { echo "there is no lintian: systemd/install-deps.sh boot"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for folder in one two; do
    "$cpack" --config "$build/CPackConfig.cmake" -B "$work/$folder" >"$work/log" || { cat "$work/log"; exit 1; }
done
for package in one/*.deb; do
    cmp "$package" "two/${package#one/}"
done
#   It warns of being run by root; who packs may be.
lintian --allow-root --fail-on error --tag-display-limit 0 one/*.deb

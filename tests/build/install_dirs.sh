#!/bin/sh
#   The GNU directories and DESTDIR: every folder of an installation can be named at configuration, and nothing goes elsewhere. Configures
#   a tree of its own in which nothing is built: what would be is borrowed.
#
#       install_dirs.sh BUILD-DIR SOURCE-DIR CC
set -eu

build=$1 source=$2 compiler=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree stage=$work/stage
unset DESTDIR

fail () { echo "FAILED: $*" >&2; exit 1; }

cmake -S "$source" -B "$tree" -G Ninja -DCMAKE_C_COMPILER="$compiler" -DKEEL_TESTS=OFF -DCMAKE_SKIP_RPATH=ON \
    -DCMAKE_INSTALL_PREFIX=/opt/keel -DCMAKE_INSTALL_BINDIR=programs -DCMAKE_INSTALL_LIBDIR=libraries -DCMAKE_INSTALL_INCLUDEDIR=headers \
    -DCMAKE_INSTALL_SYSCONFDIR=/etc/opt -DCMAKE_INSTALL_DATADIR=data -DCMAKE_INSTALL_MANDIR=pages -DCMAKE_INSTALL_DOCDIR=texts \
    -DKEEL_UNITDIR=/etc/units >"$work/log" 2>&1 || { cat "$work/log"; fail "it does not configure"; }
cp -a "$build"/libkeel.so* "$tree"
for folder in brokers clients workers; do
    find "$build/$folder" -maxdepth 1 -type f -executable -exec cp -t "$tree/$folder" {} +
    cp -a "$build/$folder/man" "$tree/$folder"
done
DESTDIR=$stage cmake --install "$tree" >"$work/log" 2>&1 || { cat "$work/log"; fail "it does not install"; }

#   has PATH...: below the stage.
has () {
    for path in "$@"; do
        test -e "$stage$path" || test -L "$stage$path" || fail "there is no $path"
    done
}
has /opt/keel/programs/mdbroker /opt/keel/programs/mdclient /opt/keel/programs/mdworker
has /opt/keel/libraries/libkeel.so /opt/keel/libraries/libkeel.so.0
has /opt/keel/libraries/pkgconfig/keel.pc /opt/keel/libraries/cmake/keel/keelConfig.cmake /opt/keel/headers/keel/keel.h
has /opt/keel/pages/man1/mdclient.1 /opt/keel/pages/man8/mdbroker.8 /opt/keel/texts/README.md /opt/keel/texts/examples
has /opt/keel/data/bash-completion/completions/mdbroker
has /etc/opt/keel/mdbroker.cfg /etc/units/mdbroker.service /etc/units/mdbroker.socket
has /opt/keel/lib/sysusers.d/keel.conf /opt/keel/lib/tmpfiles.d/keel.conf
grep -q '^ExecStart=/opt/keel/programs/mdbroker --config /etc/opt/keel/mdbroker.cfg' "$stage/etc/units/mdbroker.service" ||
    fail "mdbroker.service does not know where things are"

folders=$(cd "$stage" && find opt/keel etc -mindepth 1 -maxdepth 1 | sort | tr '\n' ' ')
wanted="etc/opt etc/units opt/keel/data opt/keel/headers opt/keel/lib opt/keel/libraries opt/keel/pages opt/keel/programs opt/keel/texts "
test "$folders" = "$wanted" || fail "installed to $folders"
beside=$(cd "$stage" && find . -type f -not -path './opt/keel/*' -not -path './etc/*')
test -z "$beside" || fail "installed beside: $beside"
test ! -e /opt/keel || fail "DESTDIR is not honoured"

#   What is the administrator's stays.
echo mine >"$stage/etc/opt/keel/mdbroker.cfg"
DESTDIR=$stage cmake --install "$tree" >"$work/log" 2>&1
test "$(cat "$stage/etc/opt/keel/mdbroker.cfg")" = mine || fail "a configuration file was overwritten"

#!/bin/sh
#   Installs what building, testing and showing Keel needs on Debian 12: only what is missing, by apt, through sudo unless
#   run by root. Does nothing, and needs no rights, when all is there.
#
#       install-deps.sh [boot]      # boot: what the tests of that label need besides
set -eu

packages="
    gcc g++ libc6-dev binutils make cmake ninja-build pkg-config
    libzmq3-dev libczmq-dev libsodium-dev libjansson-dev libsystemd-dev uuid-dev liblmdb-dev libncurses-dev uthash-dev
    libcmocka-dev python3 python3-zmq scdoc spin valgrind systemd
    dpkg-dev file
"
case ${1-} in
"") ;;
boot) packages="$packages debootstrap systemd-container lintian shellcheck" ;;
*) echo "usage: install-deps.sh [boot]" >&2; exit 64 ;;
esac

installed () {
    test "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed
}

missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
test -n "$missing" || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "missing packages:$missing; run as root, or install sudo" >&2; exit 1; }
    as_root=sudo
fi
echo "installing:$missing"
#   Word splitting makes the list, and nothing of an empty as_root.
# shellcheck disable=SC2086
{
    $as_root apt-get -qq update
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 install $missing
}

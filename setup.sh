#!/bin/sh
# Makes sure of the system libraries that OpenCV and Qt load: installs what is missing where we may, else says how.
# Usage: setup.sh [PACKAGE:COMMAND ...]   further Debian packages, each told by a command that it brings
set -eu
PATH="$PATH:/usr/sbin:/sbin"

# shared library : Debian package that brings it (OpenCV, then Qt, then Qt's X11 platform)
libraries="libGL.so.1:libgl1 libglib-2.0.so.0:libglib2.0-0
libEGL.so.1:libegl1 libdbus-1.so.3:libdbus-1-3 libfontconfig.so.1:libfontconfig1 libxkbcommon.so.0:libxkbcommon0
libxcb-cursor.so.0:libxcb-cursor0 libxcb-icccm.so.4:libxcb-icccm4 libxcb-keysyms.so.1:libxcb-keysyms1
libxcb-shape.so.0:libxcb-shape0 libxkbcommon-x11.so.0:libxkbcommon-x11-0"

[ "$(uname -s)" = Linux ] || exit 0
known=$(ldconfig -p)
missing=""
for pair in $libraries; do
    case "$known" in *"${pair%%:*}"*) ;; *) missing="$missing ${pair#*:}" ;; esac
done
"${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
for pair in "$@"; do
    command -v "${pair#*:}" >/dev/null || missing="$missing ${pair%%:*}"
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null; then
    echo "error: missing system libraries; install what your system calls:$missing" >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    echo "error: system packages are missing; install them with: sudo apt-get update && sudo $install" >&2
    exit 1
fi
echo "installing system packages:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -q update >/dev/null
$as_root $install >/dev/null

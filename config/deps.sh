#!/bin/sh
# Installs what is missing to build, test and demonstrate Hotline Relay on Debian 12, and nothing else.
# usage: config/deps.sh [--list]      --list: only say what is missing; status 1 when something is
set -eu

# package:how else it may be there (a command, or a pkg-config name after "=")
needed="
gcc:gcc libc6-dev: make:make pkg-config:pkg-config
libzmq3-dev:=libzmq libsodium-dev:=libsodium libuv1-dev:=libuv
libprotobuf-c-dev:=libprotobuf-c protobuf-c-compiler:protoc-c protobuf-compiler:protoc
libsqlite3-dev:=sqlite3 libmicrohttpd-dev:=libmicrohttpd libjansson-dev:=jansson libyaml-dev:=yaml-0.1
libjpeg62-turbo-dev:=libjpeg libpng-dev:=libpng libseccomp-dev:=libseccomp
libqrencode-dev:=libqrencode libcurl4-gnutls-dev:=libcurl libexpat1-dev:=expat nettle-dev:=nettle libxml2-utils:xmllint libcmocka-dev:=cmocka
iso-codes: jq:jq python3:python3 python3-yaml:python3-yaml python3-nacl: python3-protobuf: python3-zmq: procps:ps ca-certificates: git:git
nodejs:node npm:npm chromium:chromium fonts-dejavu-core:
clang:clang libclang-rt-14-dev:
"

say() { printf 'deps: %s\n' "$*"; }
die() { printf 'deps: %s\n' "$*" >&2; exit 1; }

installed() { # installed PACKAGE OTHER
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] && return 0
    case $2 in
    "") return 1 ;;
    =*) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "${2#=}" ;;
    python3-yaml) python3 -c 'import yaml' >/dev/null 2>&1 ;;
    python3) python3 -c 'import json, socket' >/dev/null 2>&1 ;; # the minimal one lacks these
    *) command -v "$2" >/dev/null 2>&1 ;;
    esac
}

find_missing() {
    missing=
    for row in $needed; do
        installed "${row%%:*}" "${row#*:}" || missing="$missing ${row%%:*}"
    done
}

command -v dpkg-query >/dev/null 2>&1 || die "this is not Debian; the packages it would look for:
$(for row in $needed; do printf '  %s\n' "${row%%:*}"; done)"

find_missing
if [ -z "$missing" ]; then
    say "nothing missing"
    exit 0
fi
say "missing:$missing"
[ "${1:-}" != --list ] || exit 1

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 ||
        die "to install them, as root: apt-get update && apt-get install --no-install-recommends$missing"
    as_root=sudo
fi
say "installing them with apt-get"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1; }
apt update || { tail -n 15 "$log" >&2; die "apt-get update failed (see above)"; }
# shellcheck disable=SC2086 # a list of words
apt install -y --no-install-recommends $missing || { tail -n 15 "$log" >&2; die "apt-get install failed (see above)"; }
asked=$missing
find_missing
[ -z "$missing" ] || die "still missing after the installation:$missing"
say "installed:$asked"

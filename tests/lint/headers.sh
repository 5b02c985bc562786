#!/bin/sh
# Every header compiles alone: it includes what it uses. usage: headers.sh [TOP]
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
for schema in proto/*.proto node/*.proto; do
    [ ! -e "$schema" ] || protoc-c --proto_path=. --c_out="$work" "$schema" || exit 1
done
libraries=$(pkg-config --cflags libzmq libsodium libuv libprotobuf-c sqlite3 libmicrohttpd jansson yaml-0.1 libcurl)
export work libraries
find proto relay node tests -name '*.h' | sort | xargs -P 2 -I{} sh -c '
    # shellcheck disable=SC2086 # a list of words
    gcc -x c -std=c11 -fsyntax-only -Wall -Wextra -Werror -D_POSIX_C_SOURCE=200809L -I. -I"$work" $libraries {} \
        2>"$work/$$.err" ||
        { sed -n "s/^\([^ ]*:[0-9]*\):[0-9]*: \(fatal \)*error: /\1: does not compile alone: /p" "$work/$$.err" | head -n 3 >"$work/$$.bad"; }'
if ls "$work"/*.bad >/dev/null 2>&1; then
    sed "s,^\./,," "$work"/*.bad | sort -u
    exit 1
fi
echo "ok lint headers"

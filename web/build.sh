#!/bin/sh
# Builds the console's browser side into OUT. Its tools come by package-lock.json, which holds their digests.
# usage: web/build.sh OUT built|auto      built: fail without them; auto: then one page that says so, and OUT.plain
set -eu
out=$1 mode=$2
cd "$(dirname "$0")"

tools() {
    [ node_modules/.package-lock.json -nt package-lock.json ] && return
    command -v npm >/dev/null || { echo "make: npm is missing: run \`make deps\`" >&2; return 1; }
    npm ci --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=60000 >/dev/null && touch node_modules/.package-lock.json
}

rm -rf "$out" "$out.plain"
mkdir -p "$out"
if tools; then
    node_modules/.bin/tsc
    exec node build.mjs "$out"
fi
[ "$mode" = auto ] || exit 1
cat >&2 <<END
make: the tools of the browser console could not be fetched (see above). The console of THIS BUILD is one page that says
make: so; all else is whole. When npm reaches its registry: rm -r $out && make WEB=built
END
cp plain/index.html "$out"/
touch "$out.plain"

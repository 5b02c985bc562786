#!/usr/bin/env bash
# Browser tests of the console, in Debian's Chromium, against a real network on loopback.
# usage: tests/web/run.sh BUILD [TEST...]      TEST: life, screens. KEEP=FOLDER keeps a picture of each failure there.
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/lib.sh
source "$folder/../e2e/lib.sh"
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser)}
[ -n "$chromium" ] || { echo "chromium is missing: run \`make deps\`" >&2; exit 2; }
[ -d "$folder/node_modules" ] || (cd "$folder" && npm ci --silent --no-audit --no-fund) || exit 2
pictures=${KEEP:-}
unset KEEP
begin "${1:-build}"
shift

(umask 077 && echo lighthouse-keeper-2026 >password)
authority
add_relay relay-1
add_relay relay-2
add_node gr-faros GR
add_node it-lanterna IT
add_node be-baken BE
sign
everyone_up
for who in "gr-faros eleni" "gr-faros paola" "it-lanterna paola"; do
    read -r member user <<<"$who"
    check "$member: user $user" at "$member" user add "$user" --role supervisor --password-file password
done
stop_here_unless_green

network() { # what the tests need to know, as JSON
    local name
    for name in "${relays[@]}" "${members[@]}"; do printf '%s %s %s\n' "$name" "${pid[$name]}" "${port[$name]}"; done |
        jq -Rn --arg bin "$bin" --arg work "$work" 'reduce (inputs | split(" ")) as $p ({$bin, $work};
            .pid[$p[0]] = ($p[1] | tonumber) | .console[$p[0]] = ($p[2] | tonumber))'
}
for one in "${@:-screens life}"; do
    for test in $one; do
        NETWORK=$(network) CHROMIUM=$chromium KEEP=$pictures timeout 280 node "$folder/$test.mjs" >said.txt 2>&1
        status=$?
        cat said.txt
        passed=$((passed + $(grep -c '^ok ' said.txt))) red=$(grep -c '^FAIL ' said.txt)
        failed=$((failed + red))
        [ $status = 0 ] || [ "$red" != 0 ] || { failed=$((failed + 1)); echo "FAIL $test: status $status"; }
    done
done
finish

#!/usr/bin/env bash
# Browser tests of the console, in Debian's Chromium. Each test has a network of real processes on loopback to itself.
# usage: tests/web/run.sh BUILD [TEST...]      without TEST: all of them
#   life       two hotlines in two browsers through the whole life of a case
#   keyboard   a case sent, acknowledged and closed without a mouse
#   newcomer   somebody who has read nothing sends the sample case
#   hostile    what comes in wrongly, twice, too late or too large
#   rules      a second person, the broken glass, what is late, posters that come down again
#   speed      from the click to the alarm in the other browser
#   pictures   docs/pictures anew (only when it is named)
#   screens    axe, languages, light and dark, 400 % zoom, forced colours, reduced motion on every screen
# KEEP=FOLDER keeps a picture of each failure there. QUICK=1, as the test command has it: without keyboard, hostile and rules,
# and with fewer languages and alerts.
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/lib.sh
source "$folder/../e2e/lib.sh"
test_seconds=600

chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser)}
[ -n "$chromium" ] || { echo "chromium is missing: run \`make deps\`" >&2; exit 2; }
[ -d "$folder/node_modules" ] || (cd "$folder" && npm ci --silent --no-audit --no-fund) || exit 2
pictures=${KEEP:-}
unset KEEP
[ -z "$pictures" ] || pictures=$(mkdir -p "$pictures" && cd "$pictures" && pwd)

hotline() { # hotline ID COUNTRY NAME PHONE [ROLE]: key and roster
    check "$1: key" h key generate --member "$1" --country "$2" --name "$3" -o "$1.key" --request "$1.request" --no-passphrase
    check "$1: on the roster" h roster add net "$1.request" --role "${5:-hotline}" --phone "$4"
}

net_up() {
    local who member user role id country phone name
    (umask 077 && echo lighthouse-keeper-2026 >password)
    authority
    add_relay relay-1
    add_relay relay-2
    while read -r id country phone name; do
        take_port "$id"
        members+=("$id")
        hotline "$id" "$country" "$name" "$phone"
        configure_node "$id" "" "${more[@]}"
    done <<ROWS
$first
it-lanterna IT +390655500002 Linea Lanterna
ROWS
    while read -r id country phone name; do # on the roster, and never there
        hotline "$id" "$country" "$name" "$phone"
    done <<'ROWS'
be-baken BE +3225550003 Baken
fr-boussole FR +33155500004 La Boussole
de-leuchtturm DE +493055500005 Leuchtturm
ROWS
    if [ -n "$mediator" ]; then
        take_port nl-brug
        members+=(nl-brug)
        hotline nl-brug NL "Bureau De Brug" +31205550006 mediator
        configure_node nl-brug ""
    fi
    sign
    everyone_up
    [ -z "$mediator" ] || check "nl-brug: user joost" at nl-brug user add joost --role operator --password-file password
    for who in "${first%% *} eleni supervisor" "${first%% *} petros supervisor" "${first%% *} giorgos it" "it-lanterna paola supervisor"; do
        read -r member user role <<<"$who"
        check "$member: user $user" at "$member" user add "$user" --role "$role" --password-file password
    done
    stop_here_unless_green
}

network() { # what the tests need to know, as JSON
    local name
    for name in "${relays[@]}" "${members[@]}"; do printf '%s %s %s\n' "$name" "${pid[$name]}" "${port[$name]}"; done |
        jq -Rn --arg bin "$bin" --arg work "$work" 'reduce (inputs | split(" ")) as $p ({$bin, $work};
            .pid[$p[0]] = ($p[1] | tonumber) | .console[$p[0]] = ($p[2] | tonumber))'
}

mediator=''
first="gr-faros GR +302105550001 Faros, the children's line"
run_one() { # run_one TEST: in this shell, which ends with it
    local status red start=$SECONDS more=()
    [ "$1" != newcomer ] || first='pt-farol PT +351210000000 Linha Farol' # whose case the sample is
    case $1 in rules | pictures) mediator=yes ;; esac
    [ "$1" != pictures ] || more=('approval:' '  required: [RESTRICTED]')
    [ "$1" != rules ] || more=('approval:' '  required: [LIVE]' 'deadlines:' '  delivered: 5s' '  shown: 5s' '  acknowledged: 5s')
    net_up >net.txt || { cat net.txt; exit 1; }
    python3 "$here/bad_pictures.py" "$folder/../../config/demo/portrait.jpg" bad_pictures
    NETWORK=$(network) CHROMIUM=$chromium KEEP=$pictures timeout -k 10 $test_seconds node "$folder/$1.mjs" >said.txt 2>&1
    status=$?
    passed=$(grep -c '^ok ' said.txt) red=$(grep -c '^FAIL ' said.txt) failed=$red
    cat said.txt
    [ $status = 0 ] || [ "$red" != 0 ] || { failed=1; echo "FAIL $1: status $status"; }
    echo "$1: $((SECONDS - start)) s"
    finish
}

if [ "${2:-}" = --one ]; then
    begin "$1"
    run_one "$3"
fi
build=${1:-build}
shift
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
every='life keyboard newcomer hostile rules speed screens'
[ -z "${QUICK:-}" ] || every='life newcomer speed screens'
for test in ${*:-$every}; do
    [ -e "$folder/$test.mjs" ] || { echo "run.sh: there is no test $test" >&2; exit 2; }
    KEEP=$pictures "$folder/run.sh" "$build" --one "$test" 2>&1 | tee "$log" | grep -av '^[0-9]* passed, [0-9]* failed$'
    sum=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
    [ -n "$sum" ] || { echo "FAIL $test: ended without its count"; sum='0 passed, 1 failed'; }
    passed=$((passed + ${sum%% *})) sum=${sum#*, } failed=$((failed + ${sum%% *}))
done
finish

#!/usr/bin/env bash
# Killed at named places: each row of the table is reached, dies there by SIGKILL, is started again, and nothing is lost. The
# programs are built with FAILPOINTS=1. A point of the sources that is in no row, and a row that is never reached, fail.
# usage: points.sh BUILD          (FAULT=short: every point once, two of erasure's; else every row. ROWS=PATTERN: those alone)
set -u
. "$(dirname "$0")/lib.sh"

# who dies (a+b: both)   the point                 what brings it there
table='
relay-1                  store-before-commit       publish
relay-1                  store-after-commit        publish
relay-1                  store-before-telling      publish
relay-1                  relay-before-answer       publish
relay-1                  relay-after-answer        publish
relay-1+relay-2+relay-3  store-after-commit        publish
relay-1+relay-2+relay-3  relay-before-answer       publish
relay-1                  relay-photo-chunk         photo
relay-1                  relay-roster-taken        roster
relay-1                  relay-roster-admitted     roster
relay-1                  migration-empty           empty
relay-1                  migration-half            empty
relay-1                  migration-before-commit   empty
relay-1                  migration-done            empty
pt-farol                 node-before-write         publish
pt-farol                 node-after-write          publish
pt-farol                 store-before-commit       publish
pt-farol                 store-after-commit        publish
pt-farol                 store-before-telling      publish
pt-farol                 node-before-publish       publish
pt-farol                 node-after-publish        publish
pt-farol                 node-accepted             publish
pt-farol                 node-receipts             publish
pt-farol                 node-roster-held          roster
pt-farol                 node-roster-changed       roster
es-faro                  node-deliver              publish
es-faro                  node-before-write         publish
es-faro                  store-before-commit       publish
es-faro                  store-after-commit        publish
es-faro                  store-before-telling      publish
es-faro                  node-before-receipt       publish
es-faro                  node-after-receipt        publish
es-faro                  node-taken                publish
es-faro+fr-phare         store-after-commit        publish
es-faro                  node-photo-chunk          photo
es-faro                  node-card-made            subscribe
es-faro                  node-card-stored          subscribe
es-faro                  node-roster-held          roster
es-faro                  migration-half            new
es-faro                  migration-before-commit   new
es-faro                  copy-pages                backup
es-faro                  copy-synced               backup
es-faro                  copy-named                backup
pt-farol+es-faro         erase-told                erase
pt-farol+es-faro         erase-destroyed           erase
pt-farol+es-faro         erase-before-flush        erase
pt-farol+es-faro         erase-records-gone        erase
pt-farol+es-faro         erase-after-flush         erase
pt-farol+es-faro         erase-before-checkpoint   erase
pt-farol+es-faro         erase-after-checkpoint    erase
'
begin "$@"
grep -aq HOTLINE_FAILPOINT "$bin/hotline-node" || { echo "FAIL points: $bin was not built with FAILPOINTS=1"; finish; }
named=$(cd "$faults/../.." && grep -rhoE 'FAILPOINT\("[a-z-]+"\)' proto relay node | grep -oE '"[a-z-]+"' | tr -d '"' | sort -u)
tabled=$(awk 'NF == 3 {print $2}' <<<"$table" | sort -u)
check "table: holds each point of the sources, and no other" diff <(echo "$named") <(echo "$tabled")

rise() { local name; for name in "$@"; do launch="env HOTLINE_FAILPOINT=$work/$name.point" up "$name"; done; } # rise NAME...
everyone_up() {
    local name
    rise "${relays[@]}" "${members[@]}"
    for name in "${members[@]}"; do check "$name: connected to every relay" within 20 connected "$name"; done
    stop_here_unless_green
}

# --- what brings a program to its point ------------------------------------------------------------------------------
bring_publish() { story publish pt-farol 1; }
bring_photo() { # with a photo of its own; what was accepted is told afterwards
    python3 "$here/picture.py" png photo.png 900 700 $((RANDOM % 250)) || return 1
    jq --arg w "photo $RANDOM$RANDOM" '.why_urgent=$w' case.json >photo.json
    until publish pt-farol photo.json photo.out --live --to ES,FR --confirm $canary --photo photo.png --wait accepted -W 60s; do sleep 0.1; done
    jq -r '.reference + " " + .case_id + " " + .case.why_urgent' <(at pt-farol show "$(jq -r .reference photo.out)" -o json) >>pt-farol.accepted
}
bring_roster() { # a new version, brought to relay-1 and pt-farol by hand and to all others by the network
    h roster sign net -o roster.signed || return 1
    kill -HUP "${pid[$1]}"
}
bring_subscribe() { at "$1" subscribe --add "$(shuf -n 1 -e IT GR BE NL AT CZ DK EE FI HU)" || true; }
bring_backup() { at "$1" db backup "$work/$1.copy" || true; }
bring_erase() { at pt-farol close "$erased" --outcome found-safe && for m in es-faro fr-phare; do within 20 field "$m" "$erased" state CLOSED && within 20 at "$m" ack "$erased"; done; } # the closing, not the case
# Before arming: what the row needs.
ready_erase() { story publish pt-farol 1 && within 20 settled_all && erased=$(tail -n 1 pt-farol.accepted | cut -d' ' -f1) && within 20 answered_all; }
ready_roster() { local y; y=$((RANDOM % 9000 + 1000)); h key generate --member "xx-$y" --country LU --name "Hotline $y" -o "xx-$y.key" --request "xx-$y.request" --no-passphrase && h roster add net "xx-$y.request" --role hotline --phone "+3225550000"; }
# Afterwards: what the row must have come to.
gone_case() { at "$1" show "$erased" -o json | true_of '.erased_at != null and .case == null and .child == null'; }
after_erase() { within 30 gone_case pt-farol && within 30 gone_case es-faro && within 30 ladder pt-farol "$erased" es-faro ERASED; }
after_roster() { local v; v=$(at fr-phare status -o json | jq .roster_version); for m in pt-farol es-faro; do within 20 roster_is "$m" "$v" || return 1; done; }
after_backup() { # a copy that has its name is whole; one that has not is not in the way of the next
    if [ -e es-faro.copy ]; then h db check es-faro.copy || return 1; fi
    rm -f es-faro.copy
    within 20 at es-faro db backup "$work/es-faro.copy" && h db check es-faro.copy || return 1
    rm -f es-faro.copy*
}
ask_to() { local f=$1; shift; if declare -F "$f" >/dev/null; then "$f" "$@"; fi; }

died() { # died NAME: at its point, by SIGKILL; it took the file away first
    local status
    within 30 gone "${pid[$1]}" || { echo "$1 never came to $(cat "$1.point" 2>/dev/null)"; return 1; }
    wait "${pid[$1]}" 2>/dev/null
    status=$?
    unset "pid[$1]"
    [ $status = 137 ] && [ ! -e "$1.point" ] || { echo "$1 ended with status $status: $(tail -n 1 "$1.log")"; return 1; }
}
die_at() { # die_at NAMES POINT HOW
    local name names
    IFS=+ read -ra names <<<"$1"
    ask_to "ready_$3" || { echo "cannot prepare $3"; return 1; }
    case $3 in
    empty | new) # starts with an empty disk; a node that lost its store is what it was by its cards and its relays
        down "${names[0]}" || return 1
        rm -f "${names[0]}".db*
        echo "$2" >"${names[0]}.point"
        rise "${names[0]}"
        ;;
    *)
        for name in "${names[@]}"; do echo "$2" >"$name.point"; done
        "bring_$3" "${names[0]}" >bring.log 2>&1 &
        bringer=$!
        ;;
    esac
    for name in "${names[@]}"; do died "$name" || return 1; done
    rise "${names[@]}"
    within 20 connected_all || return 1
    if [ -n "${bringer:-}" ]; then
        wait "$bringer" || { [ "$3" = erase ] || { echo "bringing it there: $(tail -n 1 bring.log)"; return 1; }; }
    fi
    if [ "$3" = erase ]; then # a person tries again what was cut off
        within 20 at pt-farol show "$erased" >/dev/null
        for name in es-faro fr-phare; do at "$name" ack "$erased" >/dev/null 2>&1; done
    fi
    bringer=
    ask_to "after_$3" || { echo "after $3: $(tail -n 1 within.log)"; return 1; }
}

scene points "each row: it dies there, and then nothing is lost or twice, every receipt is back, no canary is found"
small_network
start
declare -A been
while read -r names point how; do
    [ -n "$names" ] || continue
    [[ "$names $point $how" =~ ${ROWS:-.} ]] || continue
    if [ "$FAULT" = short ] && [ -n "${been[$point]:-}" ]; then continue; fi
    # An erasure waits for its time: two of its points stand for all of them there.
    if [ "$FAULT" = short ] && [ "$how" = erase ] && ! [[ $point =~ records-gone|after-checkpoint ]]; then continue; fi
    been[$point]=1
    check "$names killed at $point ($how)" die_at "$names" "$point" "$how"
    check "$names killed at $point: nothing lost or twice" whole_now 30
done <<<"$table"

scene "dead gate" "relay-1's ZAP handler answers nobody: who starts anew is served by the others, and by it when it is back"
echo gate-dead >relay-1.point
check "es-faro stops" down es-faro
rise es-faro
check "es-faro: connected to the two others" within 20 connected es-faro 2
send 1
check "the case is where it belongs" within 20 settled_all
check "es-faro: relay-1 let it not in" not connected es-faro 3
rm relay-1.point
whole 60
stop_all
finish

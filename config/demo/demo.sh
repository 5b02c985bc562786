#!/usr/bin/env bash
# One alert crosses three borders on this machine: an authority, two relays and five hotlines on loopback.
# usage: config/demo/demo.sh [FOLDER OF THE THREE PROGRAMS]      (default build/)      needs jq and python3
# On a terminal the network stays up until Ctrl-C; elsewhere the demo ends by itself with status 0. Status 1: it failed,
# and it says which log tells why. Nothing is left behind but, after a failure, the folder with the logs.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:-build}" 2>/dev/null && pwd) || { echo "demo: no folder ${1:-build}: run \`make\` first" >&2; exit 1; }
for tool in jq python3; do
    command -v "$tool" >/dev/null || { echo "demo: $tool is missing: run \`make deps\`" >&2; exit 1; }
done
for program in hotline hotline-node hotline-relay; do
    [ -x "$bin/$program" ] || { echo "demo: $bin/$program is missing: run \`make\` first" >&2; exit 1; }
done
terminal=; [ -t 0 ] && [ -t 1 ] && terminal=yes
# A Unix socket's path has at most 107 bytes, so the folder has a short name.
work=$(mktemp -d /tmp/hotline-demo.XXXXXX) || exit 1
keep=
declare -A pid

# --- small ------------------------------------------------------------------------------------------------------------

# A relay's or node's process, by the pid that we started; never by a name.
end() {
    local p=${pid[$2]:-}
    [ -n "$p" ] || return 0
    kill "$1" "$p" 2>/dev/null
    wait "$p" 2>/dev/null
    unset "pid[$2]"
}
clean_up() {
    trap - EXIT INT TERM HUP
    local name
    for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null; done
    for name in "${!pid[@]}"; do wait "${pid[$name]}" 2>/dev/null; done
    if [ -n "$keep" ]; then echo "demo: kept for you: $work" >&2; else rm -rf "$work"; fi
}
trap clean_up EXIT
trap 'echo; exit 0' INT
trap 'exit 1' TERM HUP

fail() { # fail LOG WHAT: the log's last lines, and where it is
    keep=yes
    printf '\ndemo: FAILED: %s\n' "$2" >&2
    if [ -s "$work/$1" ]; then
        echo "demo: the last lines of $work/$1:" >&2
        tail -n 5 "$work/$1" | sed 's/^/    /' >&2
    else
        echo "demo: look at $work/*.log" >&2
    fi
    exit 1
}
say() { printf '\n%s\n' "$*"; }
run() { "$bin/hotline" "$@" --no-input >>"$work/hotline.log" 2>&1 || fail hotline.log "hotline $*"; }
at() { local member=$1; shift; timeout 20 "$bin/hotline" --node "$work/$member.sock" "$@" --no-input; }
now_ms() { date +%s%3N; }
until_true() { # until_true SECONDS LOG WHAT COMMAND...: looks ten times a second
    local end=$(($(now_ms) + $1 * 1000)) log=$2 what=$3 name
    shift 3
    until "$@" >/dev/null 2>&1; do
        for name in "${!pid[@]}"; do kill -0 "${pid[$name]}" 2>/dev/null || fail "$name.log" "$name has ended"; done
        [ "$(now_ms)" -lt "$end" ] || fail "$log" "$what"
        sleep 0.1
    done
}
start() { # start NAME PROGRAM
    "$bin/$2" --config "$work/$1.yaml" >>"$work/$1.log" 2>&1 &
    pid[$1]=$!
}
connected() { [ "$(at "$1" status -o json | jq '[.relays[] | select(.state == "CONNECTED")] | length')" = "$2" ]; }
has_all_keys() { [ "$(at be-baken members -o json | jq '[.[] | select(.self | not) | select(.key_expires_at)] | length')" = "$1" ]; }
ladder() { [ "$(at be-baken show "$ref" -o json | jq -r --arg m "$1" '.ladder[] | select(.member == $m).state')" = "$2" ]; }
told() { jq -se "any(.[]; $1)" "$work/events.jsonl"; } # the timeline has shown such an event

# --- the authority, offline in life; its folder is $work/net ---------------------------------------------------------------

hotlines="be-baken fr-boussole it-lanterna lu-lanter de-leuchte"
setup() {
    local ports n=0
    read -ra ports < <(python3 -c 'import socket
held = [socket.socket() for _ in range(4)]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])')
    [ ${#ports[@]} = 4 ] || fail hotline.log "no free ports"
    cd "$work" || exit 1
    run roster init net --no-passphrase
    for relay in relay-1 relay-2; do
        run key generate --relay $relay --country BE --name "Demo $relay" --endpoint "tcp://127.0.0.1:${ports[n]}" \
            -o $relay.key --request $relay.request --no-passphrase
        run roster add net $relay.request
        printf '%s\n' "relay: $relay" "key: $relay.key" "authority: net/authority.pub" "roster: roster.signed" \
            "store: $relay.db" "listen: tcp://127.0.0.1:${ports[n]}" "admin: 127.0.0.1:${ports[n + 1]}" >$relay.yaml
        n=$((n + 2))
    done
    hotline be-baken BE "Baken (fictional)" +3225550100 ""
    hotline fr-boussole FR "Boussole (fictional)" +33199005500 ""
    hotline it-lanterna IT "Lanterna (fictional)" +390655550100 ""
    hotline lu-lanter LU "Lanter (fictional)" +35227555500 ""
    hotline de-leuchte DE "Leuchte (fictional)" +493055550100 "BE"
    run roster sign net -o roster.signed
}
hotline() { # hotline MEMBER COUNTRY NAME PHONE SUBSCRIPTIONS
    run key generate --member "$1" --country "$2" --name "$3" -o "$1.key" --request "$1.request" --no-passphrase
    run roster add net "$1.request" --role hotline --phone "$4"
    printf '%s\n' "member: $1" "key: $1.key" "authority: net/authority.pub" "roster: roster.signed" "store: $1.db" \
        "socket: $1.sock" "subscriptions: [$5]" >"$1.yaml"
}

# --- the timeline: the publisher's own events, as they come -----------------------------------------------------------------

# shellcheck disable=SC2016 # the dollars are jq's
timeline='
def ms: ((.[0:19] + "Z") | fromdateiso8601) * 1000 + (.[20:23] | tonumber);
def pad($n): tostring | . + " " * ($n - length);
def right($n): tostring | " " * ($n - length) + .;
def line($t; $who; $what): "  \($t | right(7))  \($who | pad(12))  \($what)";
foreach inputs as $e ({zero: null, relays: {}};
    (if .zero == null and $e.after_ms != null then .zero = ($e.at | ms) - $e.after_ms else . end) |
    .again = ($e.type == "relay.state" and .relays[$e.relay] == $e.state) |
    (if $e.type == "relay.state" then .relays[$e.relay] = $e.state else . end);
    . as $s | (if $e.after_ms != null then $e.after_ms elif $s.zero != null then ($e.at | ms) - $s.zero else "" end) as $t |
    if $e.type == "relay.accepted" then line($t; $e.relay; "accepted: on its disk")
    elif $e.type == "ladder.changed" then
        line($t; $e.member; $e.state + ({DELIVERED: ": in its inbox, on its disk", ACKNOWLEDGED: ": a person there has read it"}[$e.state] // ""))
    elif $e.type == "reply.received" then line($t; $e.member; "replied, sealed to the publisher alone")
    elif $e.type == "relay.state" and $s.zero != null and ($s.again | not) then
        line($t; $e.relay; {CONNECTED: "connected again", CONNECTING: "connection lost; trying again", REFUSED: "refuses the key"}[$e.state])
    else empty end)'
watch_publisher() {
    : >events.jsonl
    mkfifo watch
    jq -n -r --unbuffered "$timeline" <watch &
    pid[timeline]=$!
    { exec "$bin/hotline" --node "$work/be-baken.sock" watch --after 0 -o jsonl 2>>watch.log; } > >(exec tee -a events.jsonl >watch) &
    pid[watch]=$!
}

# --- the story --------------------------------------------------------------------------------------------------------------

echo "Hotline Relay: one fictional alert crosses three borders, on this machine only."
say "1. The authority accredits two relays and five hotlines, and signs the roster."
setup
say "2. Two relays and five hotlines start. Each hotline connects to both relays and shows its card: its newest key."
start relay-1 hotline-relay
start relay-2 hotline-relay
for member in $hotlines; do start "$member" hotline-node; done
for member in $hotlines; do until_true 20 "$member.log" "$member does not connect to both relays" connected "$member" 2; done
until_true 20 be-baken.log "be-baken has not everybody's card" has_all_keys 4
watch_publisher
until_true 10 watch.log "no events from the publisher" test -s events.jsonl

say "3. Luxembourg's machine goes down. Then Belgium alerts France, Italy and Luxembourg."
echo "   (Sent with --live: nobody but these processes is on this network, and the child is invented.)"
end -TERM lu-lanter
jq --arg seen "$(date -d '-2 hours' --iso-8601=seconds)" '.last_seen.at = $seen | .legal.removed_on = $seen[0:10]' \
    "$here/case.json" >case.json || fail hotline.log "$here/case.json cannot be read"
printf '\n  %7s  %-12s  %s\n' ms who what
at be-baken publish case.json --photo "$here/portrait.jpg" --live --to FR,IT,LU --restricted --confirm Mina --wait accepted -W 15s -o json \
    >published.json 2>>hotline.log || fail hotline.log "the case was not accepted by two relays"
ref=$(jq -r .reference published.json)
until_true 15 fr-boussole.log "fr-boussole has no alert" ladder fr-boussole DELIVERED
until_true 15 it-lanterna.log "it-lanterna has no alert" ladder it-lanterna DELIVERED
until_true 15 watch.log "the timeline shows no delivery in Italy" told '.member == "it-lanterna" and .state == "DELIVERED"'

say "4. relay-1 is killed (kill -9). Luxembourg comes back: relay-2 alone has to do."
end -KILL relay-1
start lu-lanter hotline-node
until_true 20 lu-lanter.log "lu-lanter has no alert" ladder lu-lanter DELIVERED

say "5. Italy acknowledges and replies."
at it-lanterna ack "$ref" --as Paola >>hotline.log 2>&1 || fail hotline.log "it-lanterna cannot acknowledge"
at it-lanterna reply "$ref" --message "Rail police in Turin are informed" >>hotline.log 2>&1 || fail hotline.log "it-lanterna cannot reply"
until_true 15 it-lanterna.log "no acknowledgement from Italy" ladder it-lanterna ACKNOWLEDGED
until_true 15 watch.log "no reply from Italy" told '.type == "reply.received"'

say "6. relay-1 is started again, with the disk that it had."
start relay-1 hotline-relay
for member in $hotlines; do until_true 30 "$member.log" "$member is not back at relay-1" connected "$member" 2; done
sleep 1 # whatever relay-1 still owes arrives now
until_true 10 watch.log "the timeline does not show relay-1 again" told '.type == "relay.state" and .relay == "relay-1" and .state == "CONNECTED"'
end -TERM watch

say "What everybody has now:"
for member in $hotlines; do
    [ "$member" = be-baken ] && continue
    count=$(at "$member" inbox -o json | jq length) || fail "$member.log" "$member does not answer"
    case $member in
    de-leuchte) want=0 note="not concerned; it subscribes to Belgium, but the case is restricted" ;;
    *) want=1 note="exactly once, though two relays carried it" ;;
    esac
    [ "$count" = $want ] || fail "$member.log" "$member has $count cases, not $want"
    printf '  %-12s  %s case%s: %s\n' "$member" "$count" "$([ "$count" = 1 ] || echo s)" "$note"
done
if grep -aqE 'Mina|Beispiel|Lyon|Midi' relay-?.db relay-?.db-wal relay-?.log; then fail relay-1.log "a relay can read the case"; fi
echo "  relays        their databases and logs were searched for the child's name and the places: nothing"

publisher="hotline --node $work/be-baken.sock" france="hotline --node $work/fr-boussole.sock"
cat <<END

Try, in another terminal:

  export PATH=$bin:\$PATH
  $publisher show $ref
      the case as its publisher sees it: the ladder (who, which state, when) and the replies
  $france inbox
      what the hotline in France sees
  $france reply $ref --question "Which coach?"
  $france watch
      what happens in France, live; leave it open and go on elsewhere
  $publisher close $ref --outcome found-safe
      everybody who has the alert hears of its end
  $publisher status
  hotline help
END
[ -n "$terminal" ] || { echo; echo "Not on a terminal: the demo ends here, and its network with it."; exit 0; }
echo
echo "The network stays up; its logs and databases are in $work."
echo "Ctrl-C ends it and removes them."
while :; do
    sleep 3600 &
    pid[nap]=$!
    wait "${pid[nap]}"
done

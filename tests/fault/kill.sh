#!/usr/bin/env bash
# Cases published by two hotlines while relays and nodes are killed (-9) at random and started again. Afterwards every case of
# which a publisher was told "accepted" is in every routed inbox exactly once, every receipt is back, and nothing else is there;
# all within 60 s of the last fault.
# usage: kill.sh BUILD [CASES [KILLS]]   (500 cases unless told, and on until KILLS kills were done; SEED=n replays a schedule)
#        SECONDS_LONG=n kill.sh BUILD    round after round, each with a fresh seed, until n seconds are over. RESULTS=file gets a
#                                        line for each round: what is done stays done, and the next call goes on.
set -u
if [ -n "${SECONDS_LONG:-}" ]; then
    until_s=$(($(date +%s) + SECONDS_LONG)) red=0 rounds=0
    while [ "$(date +%s)" -lt $until_s ] && [ $red = 0 ]; do
        SECONDS_LONG='' SEED=$((RANDOM * 32768 + RANDOM)) "$0" "${1:-build}" "${2:-100}" "${3:-150}" || red=1
        rounds=$((rounds + 1))
    done
    echo "$((rounds - red)) passed, $red failed"
    exit $red
fi
. "$(dirname "$0")/lib.sh"
cases=${2:-500}
least=${3:-0}
SEED=${SEED:-$(($(date +%s) % 100000))}
pace=0.4 # seconds between a publisher's cases, so that there is time to kill in
begin "$@"
echo "seed $SEED, $cases cases"
authority
for r in relay-1 relay-2 relay-3; do add_relay $r "${fast[@]}"; done
add_node pt-farol PT
add_node es-faro ES "FR"
add_node fr-phare FR
add_node nl-baak NL "PT"
add_node be-baken BE
sign
everyone_up
draft case.json $canary
publishers=(pt-farol fr-phare)
# Each publisher's cases concern the same countries, so that the route is known beforehand. es-faro subscribes to FR, nl-baak to
# PT: to a concerned or the sending country.
printf '%s\n' 'pt-farol ES,FR es-faro fr-phare nl-baak' 'fr-phare PT,BE be-baken es-faro nl-baak pt-farol' >routes

# --- faults: one thing at a time is killed, sometimes two, each back after a short while ------------------------------------
RANDOM=$SEED
victims=("${relays[@]}" "${relays[@]}" "${members[@]}")
declare -A kills
killed=0
pick() { victim=${victims[$((RANDOM % ${#victims[@]}))]}; }
kill_one() { # kill_one NAME
    murder "$1"
    kills[$1]=$((${kills[$1]:-0} + 1))
    killed=$((killed + 1))
}
strike() {
    local first
    pick
    first=$victim
    kill_one "$first"
    if [ $((RANDOM % 4)) = 0 ]; then
        pick
        if [ "$victim" != "$first" ]; then
            kill_one "$victim"
            up "$victim"
        fi
    fi
    sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
    up "$first"
}
started=$(now_ms)
while :; do # another round of cases when they were through before the kills were
    story publish pt-farol $(((cases + 1) / 2)) $pace 2>>pt-farol.err &
    first=$!
    story publish fr-phare $((cases / 2)) $pace 2>>fr-phare.err &
    second=$!
    pid[publisher-1]=$first pid[publisher-2]=$second
    wanted=$((${wanted:-0} + cases))
    while { ! gone $first || ! gone $second; } && [ $(($(now_ms) - started)) -lt 1500000 ]; do
        strike
        sleep "0.$((RANDOM % 5))"
    done
    wait $first $second
    [ $killed -ge "$least" ] || [ -s pt-farol.err ] || [ -s fr-phare.err ] && break
done
unset 'pid[publisher-1]' 'pid[publisher-2]'
check "publishers: came through" bash -c "! [ -s pt-farol.err ] && ! [ -s fr-phare.err ] || { cat *.err; false; }"
accepted=$(cat pt-farol.accepted fr-phare.accepted | wc -l)
check "accepted: all $wanted" [ "$accepted" = "$wanted" ]

# --- the faults are over ------------------------------------------------------------------------------------------------
over=$(now_ms)
left() { echo $((60 - ($(now_ms) - over) / 1000 > 1 ? 60 - ($(now_ms) - over) / 1000 : 1)); }
for m in "${members[@]}"; do check "$m: connected again" within "$(left)" connected "$m"; done
for m in "${members[@]}"; do check "$m: every accepted case exactly once" within "$(left)" story settled "$m"; done
for m in "${publishers[@]}"; do check "$m: every receipt is back" within "$(left)" story answered "$m"; done
check "no canary in a relay's store, nor in a log" no_canary
converged=$((($(now_ms) - over) / 1000))
stop_all
result=$(printf 'seed %s: %s cases accepted, %s kills in %s s, all there %s s after the last; killed:' "$SEED" "$accepted" $killed \
    $(((over - started) / 1000)) "$converged"
    for d in "${relays[@]}" "${members[@]}"; do printf ' %s %s' "$d" "${kills[$d]:-0}"; done)
echo "# $result" # a count, which tests/run shows
[ -z "${RESULTS:-}" ] || echo "$(date -u +%Y-%m-%d) $(git -C "$faults" rev-parse --short HEAD 2>/dev/null) $result; $failed failed" >>"$RESULTS"
[ $failed = 0 ] || echo "to replay the schedule: SEED=$SEED tests/fault/kill.sh BUILD $cases $least"
finish

#!/usr/bin/env bash
# Wrong clocks: a node off by minutes is warned and corrected, one ahead by years is refused in words and harms nobody, a relay
# off by an hour does not stop the others, and a clock that jumps under a running node ends no case. The clock is moved by a small library of the test's own (shift_clock.c).
# usage: 60-clock.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
if ! cc -shared -fPIC -O1 -o shift.so "$here/shift_clock.c" 2>cc.log; then
    skip "wrong clocks" "no C compiler for shift_clock.c: $(tail -n 1 cc.log)"
    finish
fi
if grep -aq __asan_init "$bin/hotline-node"; then
    skip "wrong clocks" "a sanitizer build wants to be loaded first"
    finish
fi
shifted() { launch="env LD_PRELOAD=$work/shift.so SHIFT_SECONDS=$1" up "${@:2}"; } # shifted SECONDS NAME...
authority
for r in relay-1 relay-2 relay-3; do add_relay $r; done
add_node pt-farol PT
add_node es-faro ES
add_node nl-baak NL PT
sign
everyone_up
draft case.json Leonor
send() { publish "$1" case.json "$2" --live --to "$3" --confirm Leonor --wait delivered -W 10s; } # send MEMBER OUT COUNTRY
off_by() { # off_by FILE FIELD: seconds between a time in it and now
    python3 -c 'import json, sys, time, datetime
t = json.load(open(sys.argv[1]))[sys.argv[2]]
print(round(abs(datetime.datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp() - time.time())))' "$1" "$2"
}
near_now() { local off; off=$(off_by "$1" sent_at); [ "$off" -le 30 ] || { echo "$off s off"; return 1; }; }
warned() { at "$1" status -o json | true_of '[.warnings[] | select(.code == "CLOCK")] | length == 1'; }
measured() { at "$1" status -o json | true_of ".clock_offset_ms | . > $2 - 3000 and . < $2 + 3000"; } # measured MEMBER MS

for shift in 240 -240; do
    check "pt-farol, $shift s: stops" down pt-farol
    shifted $shift pt-farol
    check "pt-farol, $shift s: connected" within 15 connected pt-farol
    check "pt-farol, $shift s: warned" within 10 warned pt-farol
    check "pt-farol, $shift s: measured" measured pt-farol $((-shift * 1000))
    check "pt-farol, $shift s: publishes, delivered" send pt-farol p.json ES
    check "pt-farol, $shift s: its stamp is the relays' time" near_now p.json
    check "es-faro, has it once" within 5 has es-faro "$(jq -r .reference p.json)"
    check "es-faro publishes to it" send es-faro q.json PT
    check "pt-farol, $shift s: receives" within 5 has pt-farol "$(jq -r .reference q.json)"
    check "pt-farol, $shift s: not late" field pt-farol "$(jq -r .reference q.json)" late false
done

# An hour is more than a node corrects; it is no reason for a relay to leave an alert waiting.
for shift in 3600 -3600; do
    check "pt-farol, $shift s: stops" down pt-farol
    shifted $shift pt-farol
    check "pt-farol, $shift s: connected" within 15 connected pt-farol
    check "pt-farol, $shift s: warned" within 10 warned pt-farol
    check "pt-farol, $shift s: publishes, delivered" send pt-farol p.json ES
    check "es-faro, has it once" within 5 has es-faro "$(jq -r .reference p.json)"
    refusals=$(grep -acE "FROM_THE_FUTURE|ahead of this relay" pt-farol.log)
    check "pt-farol, $shift s: no relay refused it" test "$refusals" = 0
done

year=$((366 * 86400))
for shift in $((5 * year)) $((-5 * year)); do
    years=$((shift / year))
    check "pt-farol, $years years: stops" down pt-farol
    shifted $shift pt-farol
    check "pt-farol, $years years: warned" within 15 warned pt-farol
    refused() { cli 5 pt-farol publish case.json --live --to ES --confirm Leonor --wait accepted -W 5s; }
    before=$(at es-faro inbox -o json | jq length)
    if [ $shift -gt 0 ]; then
        check "pt-farol, $years years: a case is refused (5)" refused
        check "pt-farol, $years years: with a sentence" says 'roster expired|clock|future|expired|over'
    else # the roster was signed just now: no node is behind it by years
        check "pt-farol, $years years: begins at the roster's time, publishes" send pt-farol p.json NL
        check "pt-farol, $years years: in the right time" near_now p.json
    fi
    check "pt-farol, $years years: still runs" running pt-farol
    check "es-faro: got nothing of it" inbox_is es-faro "$before"
    check "others are not harmed: es-faro to nl-baak" send es-faro q.json NL
    check "nl-baak: has it" within 5 has nl-baak "$(jq -r .reference q.json)"
done
check "pt-farol, right again: stops" down pt-farol
up pt-farol
check "pt-farol, right again: connected" within 15 connected pt-farol
check "pt-farol, right again: publishes, delivered" send pt-farol p.json ES
check "es-faro: has it" within 5 has es-faro "$(jq -r .reference p.json)"
check "es-faro publishes to it" send es-faro q.json PT
check "pt-farol, right again: receives" within 5 has pt-farol "$(jq -r .reference q.json)"

for shift in 3600 -3600; do
    check "relay-3, $shift s: stops" down relay-3
    shifted $shift relay-3
    check "relay-3, $shift s: everyone connects" within 15 connected pt-farol
    check "relay-3, $shift s: pt-farol keeps the median" within 10 bash -c "'$bin/hotline' --node pt-farol.sock status -o json | true_of '.clock_offset_ms | . < 3000 and . > -3000'"
    check "relay-3, $shift s: publishes, delivered" send pt-farol p.json ES
    check "relay-3, $shift s: in the right time" near_now p.json
done

# --- the clock jumps under running nodes ----------------------------------------------------------------------------
jump() { printf '%-31s\n' "$1" 1<>jump.txt; } # jump SECONDS: in place, so that whoever has it mapped sees it
printf '%-31s\n' 0 >jump.txt
check "jumps: pt-farol stops" down pt-farol
check "jumps: es-faro stops" down es-faro
launch="env LD_PRELOAD=$work/shift.so SHIFT_FILE=$work/jump.txt" up pt-farol es-faro
for m in pt-farol es-faro; do check "jumps: $m connected" within 15 connected $m; done
jq '.valid_for="30m"' case.json >short.json
check "jumps: a case of half an hour" publish pt-farol short.json p.json --live --to ES --confirm Leonor --wait delivered -W 10s
ref=$(jq -r .reference p.json)
both_open() { shows pt-farol "$ref" '.state == "OPEN"' && field es-faro "$ref" state OPEN; }
for shift in 3600 -3600 $((-$(date +%s))) $((5 * year)); do
    jump "$shift"
    check "jump of $shift s: told to people" within 5 warned pt-farol
    check "jump of $shift s: the case is open, here and there" both_open
    check "jump of $shift s: publishes, delivered" send pt-farol q.json ES
    check "jump of $shift s: in the right time" near_now q.json
    check "jump of $shift s: not late" field es-faro "$(jq -r .reference q.json)" late false
done
for shift in 3600 -3600 3600 -3600 3600 -3600; do jump "$shift"; both_open || break; done
check "to and fro: the case is open" both_open
jump 0
check "set right: nothing to tell any more" within 5 not warned pt-farol
check "set right: the case is open" both_open
finish

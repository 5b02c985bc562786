#!/usr/bin/env bash
# A node is away for a day's alerts: 40 cases and a drill, 20 of them updated, 10 closed, 5 retracted, while a relay restarts.
# It comes back and has the newest of each exactly once, is alarmed once for each, and every receipt reaches the publisher.
# usage: 40-offline.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
authority
add_relay relay-1
add_relay relay-2
add_node pt-farol PT
add_node es-faro ES
add_node nl-baak NL
sign
everyone_up
check "nl-baak: stops" down nl-baak

day() { # day FIRST LAST: cases published, some of them revised; references in refs
    local i name
    for i in $(seq "$1" "$2"); do
        name="Kind$i"
        draft case.json "$name" ".child.age_years=$((i % 17))"
        publish pt-farol case.json p.json --live --to ES,NL --confirm "$name" || return 1
        refs[i]=$(jq -r .reference p.json)
        revision[i]=1 state[i]=OPEN
        if [ $((i % 2)) = 0 ]; then
            jq '.why_urgent="Seen again"' case.json >update.json
            at pt-farol update "${refs[i]}" update.json || return 1
            revision[i]=2
        fi
        case $((i % 8)) in
        1) at pt-farol close "${refs[i]}" --outcome found-safe || return 1; revision[i]=2 state[i]=CLOSED ;;
        2) at pt-farol close "${refs[i]}" --outcome returned || return 1; revision[i]=3 state[i]=CLOSED ;;
        4) at pt-farol retract "${refs[i]}" --reason "sent in error" || return 1; revision[i]=3 state[i]=RETRACTED ;;
        esac
    done
}
declare -a refs revision state
check "a morning: 20 cases" day 1 20
murder relay-1
check "relay-1 away: an afternoon, 20 more" day 21 40
up relay-1
draft drill.json Drilla
check "a drill" publish pt-farol drill.json d.json --exercise --to NL --confirm Drilla --wait accepted -W 10s
check "es-faro: has every case" within 20 inbox_is es-faro 40
check "accepted everywhere" within 20 bash -c "'$bin/hotline' --node pt-farol.sock status -o json | true_of '.outbox == 0'"

up nl-baak
check "nl-baak back: every case and the drill" within 20 inbox_is nl-baak 41
right() { # every case in its newest revision and state, once
    local i
    at nl-baak inbox -o json >inbox.json
    for i in $(seq 1 40); do
        true_of --arg r "${refs[i]}" --arg s "${state[i]}" --argjson v "${revision[i]}" \
            '[.[] | select(.reference==$r)] | length == 1 and .[0].state == $s and .[0].revision == $v' inbox.json >/dev/null ||
            { echo "${refs[i]}: not revision ${revision[i]} ${state[i]}"; return 1; }
    done
}
check "nl-baak: each in its newest revision and state, once" within 10 right
check "nl-baak: the drill is marked" field nl-baak "$(jq -r .reference d.json)" status EXERCISE
answered() {
    local i got
    for i in $(seq 1 40); do
        got=$(at pt-farol show "${refs[i]}" -o json | jq -c '[.ladder[] | .state]')
        [ "$got" = '["DELIVERED","DELIVERED"]' ] || { echo "${refs[i]}: $got"; return 1; }
    done
}
check "pt-farol: DELIVERED by both for each" within 20 answered
received() { # a machine under load may not read all of it in a second: too few is read again, too many stays too many
    at nl-baak watch --after 0 -W 1s -o jsonl >events.jsonl
    true_of -s '[.[] | select(.type | test("^case[.](received|closed|retracted)$")) | .reference] | length == 41 and (unique | length) == 41' events.jsonl
}
check "nl-baak: one alarm for each" within 20 received
check "nl-baak: still 41 after both relays are connected" within 10 connected nl-baak
check "nl-baak: no more and no less" inbox_is nl-baak 41
murder nl-baak
up nl-baak
check "nl-baak killed and back: still 41" within 10 inbox_is nl-baak 41
check "nl-baak: unchanged" right
finish

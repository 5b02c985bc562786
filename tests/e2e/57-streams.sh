#!/usr/bin/env bash
# Streams of events: they end with the right to read them (logout, a user removed, another role or password, a sixth login, a token revoked); and
# whoever was away gets exactly what he missed, over kill -9 of the node. And users change their own passwords.
# usage: 57-streams.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
. "$here/console.sh"
desk=pt-farol
reads() { # reads NAME ARGUMENTS...: begins a stream, its lines go to NAME.stream
    python3 "$here/stream.py" "${port[pt-farol]}" "${@:2}" >"$1.stream" 2>&1 &
    pid[stream-$1]=$!
    within 10 grep -qE "OPEN|STATUS" "$1.stream" && grep -q OPEN "$1.stream"
}
ended() { within 10 grep -q '^END$' "$1.stream"; } # ended NAME: by the node
goes_on() { ! grep -q '^END$' "$1.stream"; }
got() { within 10 grep -q -- "$2" "$1.stream"; }   # got NAME PATTERN

two_hotlines
for role in supervisor operator it; do
    check "user add: $role" user_add "$role"
done

# --- streams end with the right to read them ----------------------------------------------------------------------------
for name in logout removed role password stays; do
    user=p-operator
    case $name in removed) user=gone ;; role) user=moved ;; password) user=renewed ;; esac
    [ $user = p-operator ] || check "user add: $user" cli 0 pt-farol user add $user --role operator --password-file pw
    check "$name: logged in" log_in $user $name
    check "$name: reads" reads $name --jar $name.jar
done
at pt-farol token add reader --scope read >token 2>/dev/null
check "token: reads" reads token --token "$(cat token)"
check "the account at the socket: reads" bash -c "python3 '$here/stream.py' pt-farol.sock >account.stream 2>&1 & echo \$! >account.pid"
pid[stream-account]=$(cat account.pid)
check "it is open" got account OPEN
draft case.json Leonor
check "es-faro: a case for Portugal" publish es-faro case.json es.json --live --to PT --confirm Leonor --wait delivered -W 10s
for name in logout removed role password stays token account; do check "$name: told of it" got $name case.received; done
check "logout" answers 204 DELETE /v1/session --jar logout.jar --csrf
check "logout: its stream ends" ended logout
check "user removed" cli 0 pt-farol user remove gone
check "user removed: its stream ends" ended removed
check "another role" cli 0 pt-farol user role moved it
check "another role: its stream ends" ended role
check "another role: it reads no more" not reads again --jar role.jar
check "another role: and why" got again 'STATUS 403'
check "another password" cli 0 pt-farol user password renewed --password-file pw
check "another password: its stream ends" ended password
check "a token revoked" cli 0 pt-farol token revoke reader
check "a token revoked: its stream ends" ended token
check "nobody else's ended" all_of goes_on stays account
for i in 1 2 3 4; do check "p-operator: another login ($i)" log_in p-operator more-$i; done
check "five sessions: the first goes on" goes_on stays
check "a sixth" log_in p-operator more-5
check "a sixth: the one used longest ago ends, and its stream" ended stays
check "ended streams are counted" bash -c "python3 '$here/console.py' ${port[pt-farol]} GET /metrics | grep -q '^hotline_node_event_streams_ended_total 6$'"
check "the account still reads" goes_on account

# --- one's own password -------------------------------------------------------------------------------------------------
fresh="a brighter horse and another battery"
change() { answers "$1" PUT /v1/session/password "$(jq -n --arg o "$2" --arg n "$3" '{password: $o, new: $n}')" "${@:4}"; } # change STATUS OLD NEW WHO...
check "user add: owner" cli 0 pt-farol user add owner --role operator --password-file pw
check "owner: logged in" log_in owner here
check "owner: logged in elsewhere" log_in owner there
check "owner: reads there" reads there --jar there.jar
check "password: without the page's word" change 403 "$secret" "$fresh" --jar here.jar
check "password: the present one is wrong" change 403 "not the present one" "$fresh" --jar here.jar --csrf
check "password: and it is said" told '"code":"PASSWORD"'
check "password: too short" change 422 "$secret" short --jar here.jar --csrf
check "password: the same again" change 422 "$secret" "$secret" --jar here.jar --csrf
at pt-farol token add programs --scope read >token 2>/dev/null
check "password: a token has none" change 403 "$secret" "$fresh" --token "$(cat token)"
check "password: all that changed nothing" answers 200 GET /v1/session --jar there.jar
check "password: changed" change 204 "$secret" "$fresh" --jar here.jar --csrf
check "password: the stream there ends" ended there
check "password: the session there too" answers 401 GET /v1/session --jar there.jar
check "password: the one here goes on" answers 200 GET /v1/session --jar here.jar
check "password: the old one lets nobody in" not log_in owner older
check "password: the new one does" bash -c "[ \$(python3 '$here/console.py' ${port[pt-farol]} POST /v1/session '{\"user\": \"owner\", \"password\": \"$fresh\"}' | head -n 1) = 200 ]"
guess() { for _ in 1 2 3 4; do change 403 "not the present one" "$secret" --jar here.jar --csrf || return 1; done; }
check "password: guessing" guess
check "password: the fifth guess" change 403 "not the present one" "$secret" --jar here.jar --csrf
check "password: then a wait, with the right one too" change 429 "$fresh" "$secret" --jar here.jar --csrf --headers
check "password: so long" told '^Retry-After: [1-9]'
check "password: each try is in the audit log" bash -c "'$bin/hotline' --node pt-farol.sock audit -n 100 -o json | jq -e '[.[] | select(.act == \"PUT /v1/session/password\" and .who == \"owner\") | .result] | (map(select(. == \"OK\")) | length) == 1 and (map(select(. == \"PASSWORD\")) | length) == 6'"
check "password: none is in the store or the log" no_text "$secret|$fresh|not the present one" pt-farol.db* pt-farol.log

# --- what was missed, over kill -9 --------------------------------------------------------------------------------------
at_socket() { # at_socket NAME ARGUMENTS...: begins a stream at the socket, its lines go to NAME.stream
    python3 "$here/stream.py" pt-farol.sock "${@:2}" >"$1.stream" 2>&1 &
    pid[stream-$1]=$!
    within 10 grep -q OPEN "$1.stream"
}
acts() { grep -E '^[0-9]+ ' "$@" | grep -vE '^[0-9]+ (relay.state|members.changed) '; } # acts FILE: what is kept over a restart
case_to_pt() { publish es-faro case.json "$1.json" --live --to PT --confirm Leonor --wait delivered -W 10s; }
told_of() { within 10 bash -c "grep -q \"case.received.*$(jq -r '.reference | sub(".*:"; "")' "$2.json")\" $1.stream"; } # told_of READER CASE
check "away: reads" at_socket away
check "witness: reads" at_socket witness
check "a first case" case_to_pt c0
check "away: was told" told_of away c0
kill "${pid[stream-away]}" && wait "${pid[stream-away]}" 2>/dev/null
last=$(acts away.stream | tail -n 1 | cut -d' ' -f1)
for i in 1 2 3; do check "while one is away, case $i" case_to_pt c$i; done
check "a case of our own" publish pt-farol case.json own.json --live --to ES --confirm Leonor --wait delivered -W 10s
check "witness: told of the third" told_of witness c3
murder pt-farol
check "witness: its stream ended with the node" ended witness
acts witness.stream | awk -v last="$last" '$1 > last' >missed
check "something was missed, of each kind" bash -c "[ \$(grep -c ' case.received ' missed) = 3 ] && grep -q ' ladder.changed ' missed && grep -q ' relay.accepted ' missed"
check "a case while the node is dead" publish es-faro case.json c4.json --live --to PT --confirm Leonor
up pt-farol
check "pt-farol: back after a kill" within 20 connected pt-farol
check "away: back with its number" at_socket back --after "$last"
check "away: told of what came meanwhile" told_of back c4
head -n "$(wc -l <missed)" <(acts back.stream) >replayed
check "away: exactly what it missed, under the same numbers" cmp missed replayed
check "away: no gap" not grep -q ' gap ' back.stream
check "away: each number once, and growing" bash -c "grep -oE '^[0-9]+ ' back.stream | sort -nuc"
check "away: each case once" bash -c "[ \$(grep -c ' case.received ' back.stream) = 4 ]"
for i in 5 6 7 8; do # killed while it takes a case in: before or after the commit, it is told once
    check "kill $i: a case on its way" publish es-faro case.json c$i.json --live --to PT --confirm Leonor
    murder pt-farol
    up pt-farol
    check "kill $i: pt-farol is back" within 20 connected pt-farol
    check "kill $i: it has the case" within 10 has pt-farol "$(jq -r '.reference | sub(".*:"; "")' c$i.json)"
done
check "all the kills: reads from the first number on" at_socket all --after "$last"
check "all the kills: to the last case" told_of all c8
check "all the kills: each case once" bash -c "[ \$(grep -c ' case.received ' all.stream) = 8 ] && [ \$(grep ' case.received ' all.stream | grep -oE '\"reference\":\"[^\"]+' | sort -u | wc -l) = 8 ]"
check "all the kills: no gap" not grep -q ' gap ' all.stream
check "a number of before this store: a gap first" at_socket early --after 7 --count 1
check "a gap it is" within 5 bash -c "sed -n 2p early.stream | grep -q '^- gap '"
check "a number of the future: a gap first" at_socket future --after 99999999999999 --count 1
check "that is one too" within 5 bash -c "sed -n 2p future.stream | grep -q '^- gap '"
check "nothing of a child in any event" no_text Leonor ./*.stream

for m in pt-farol es-faro; do check "$m: stops" down $m; done
finish

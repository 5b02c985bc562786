#!/usr/bin/env bash
# Rosters that cannot be true together, and rosters that grow old: two signed under one version, a relay and a member set back to an
# old copy of their store, a relay that stays behind; suspended, withdrawn, stale, dead. Each is said in words by status, doctor,
# check and /readyz, with its exit status, and is still there after a restart.
# usage: 36-evidence.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
for python in python3 /usr/bin/python3 ""; do
    if [ -n "$python" ] && "$python" -c 'import google.protobuf, nacl, zmq' 2>/dev/null; then break; fi
done
if [ -z "$python" ] || ! command -v protoc >/dev/null; then
    skip "a relay that lies" "needs python3-nacl, python3-protobuf, python3-zmq and protobuf-compiler"
    finish
fi
if ! cc -shared -fPIC -O1 -o shift.so "$here/shift_clock.c" 2>cc.log || grep -aq __asan_init "$bin/hotline-node"; then
    skip "roster evidence" "needs a C compiler for shift_clock.c, and no sanitizer that wants to be loaded first"
    finish
fi
move() { printf '%-32s' "$1" | dd of=moved conv=notrunc status=none; }                      # move SECONDS
printf '%-32s' 0 >moved
moving() { launch="env LD_PRELOAD=$work/shift.so SHIFT_STEADY=1 SHIFT_FILE=$work/moved" up "$@"; }         # their clocks follow `move`

authority
for r in relay-1 relay-2 relay-3; do
    add_relay $r
    sed -i "s/roster.signed/roster-$r.signed/" $r.yaml
done
add_node pt-farol PT
add_node es-faro ES
sign
give() { cp "$1" "roster-$2.signed" && kill -HUP "${pid[$2]}"; }                             # give FILE RELAY
for r in relay-1 relay-2 relay-3; do cp roster.signed roster-$r.signed; done
cp roster.signed v1.signed

ready_of() { # ready_of NAME: its /readyz, status first
    "$python" -c 'import sys, urllib.request as u, urllib.error as e
try: answer = u.urlopen("http://127.0.0.1:%s/readyz" % sys.argv[1], timeout=5)
except e.HTTPError as error: answer = error
print(answer.status, answer.read().decode())' "${port[$1-admin]:-${port[$1]}}"
}
ready_says() { ready_of "$1" | tr '\n' ' ' | grep -qE -- "$2" || { ready_of "$1" | tail -n 2; return 1; }; }
version_of() { # version_of RELAY VERSION
    "$python" -c 'import sys, urllib.request as u
lines = u.urlopen("http://127.0.0.1:%s/metrics" % sys.argv[1], timeout=5).read().decode().splitlines()
sys.exit("hotline_relay_roster_version " + sys.argv[2] not in lines)' "${port[$1-admin]}" "$2"
}
evidence() { # evidence MEMBER PATTERN: one of its warnings says so
    at "$1" status -o json | true_of --arg p "$2" '[.warnings[] | select(.code=="ROSTER_EVIDENCE") | .text | select(test($p))] | length > 0'
}
in_words() { # in_words MEMBER PATTERN: all who are asked say so, with their exit status
    at "$1" status | grep -qE -- "WARNING.*$2" || { echo "status: $(at "$1" status | tail -n 1)"; return 1; }
    cli 1 "$1" doctor || return 1
    grep -qE -- "$2" said.log || { echo "doctor: $(tail -n 1 said.log)"; return 1; }
    cli 2 "$1" check roster || return 1
    grep -q '^HOTLINE ROSTER CRITICAL' said.log || { echo "check: $(cat said.log)"; return 1; }
    ready_says "$1" "$2"
}

# --- the network, with an old copy of everything --------------------------------------------------------------------
"$python" "$here/../stranger/liar.py" --key relay-3.key --listen "tcp://127.0.0.1:${port[relay-3]}" --says roster-relay-3.signed \
    >>liar.log 2>&1 &
pid[liar]=$!
up relay-1 relay-2
for m in pt-farol es-faro; do
    [ $m = es-faro ] && moving $m || up $m
    check "$m: connected to two relays and the liar" within 20 connected $m 2
done
stop_here_unless_green
check "es-faro: no evidence of anything" not evidence es-faro .
check "es-faro: check roster is fine (0)" cli 0 es-faro check roster
draft case.json Leonor
send() { publish "$1" case.json "$2" --live --to "$3" --confirm Leonor --wait "${4:-delivered}" -W 15s; } # send MEMBER OUT COUNTRY [STEP]
check "pt-farol publishes to es-faro" send pt-farol first.json ES
check "es-faro publishes to pt-farol" send es-faro other.json PT
keep() { mkdir -p "old-$1" && cp "$1".db* "old-$1"/; }
check "pt-farol: stops" down pt-farol
check "relay-1: stops" down relay-1
keep pt-farol
keep relay-1
up relay-1 pt-farol
check "pt-farol: back" within 20 connected pt-farol 2

# --- forked: the authority's folder signs two different versions 2 --------------------------------------------------
cp -r net net-b
h key generate --member it-luce --country IT --name "Hotline IT" -o it-luce.key --request it-luce.request --no-passphrase >/dev/null 2>&1
check "version 2: with it-luce" h roster add net it-luce.request --role hotline --phone +390000001
check "version 2: signed" h roster sign net -o v2.signed
check "another version 2: without" h roster sign net-b --renew -o v2-b.signed
give v2.signed relay-1
give v2-b.signed relay-2
check "relay-1: version 2" within 10 version_of relay-1 2
check "relay-2: the other version 2" within 10 version_of relay-2 2
for m in pt-farol es-faro; do
    check "$m: a fork is noticed" within 20 evidence $m 'relay-[12] holds another roster of the same version'
    check "$m: said in words by all" in_words $m 'holds another roster of the same version'
    check "$m: and logged" log_says $m 'roster evidence kept.*kind=FORK'
done
check "es-faro: stops" down es-faro
moving es-faro
check "es-faro: back" within 20 connected es-faro 2
check "es-faro: the fork is still said" in_words es-faro 'holds another roster of the same version'
forked() { ready_says relay-1 'note: .* another roster of version 2' || ready_says relay-2 'note: .* another roster of version 2'; }
check "a relay says so in /readyz too, and serves" within 10 forked
check "alerts cross all the same" send es-faro more.json PT
check "version 3 of the first" h roster sign net --renew -o v3.signed
for r in relay-1 relay-2; do give v3.signed $r; done
for r in relay-1 relay-2; do check "$r: follows to version 3" within 10 version_of $r 3; done
for m in pt-farol es-faro; do check "$m: follows to version 3" within 10 roster_is $m 3; done
chained() { evidence pt-farol 'does not name the one before it' || evidence es-faro 'does not name the one before it'; }
over_b() { log_says pt-farol 'refused.*relay-1|roster evidence kept.*who=relay-1' || log_says es-faro 'roster evidence kept.*who=relay-1'; }
if over_b >/dev/null; then check "who had held the other: the chain is broken, and it says so" chained; fi
check "one more alert: both speak of version 3" send pt-farol third.json ES

# --- rolled back: a relay's store and a member's are replaced by old copies -----------------------------------------
back() { rm -f "$1".db* && cp "old-$1"/"$1".db* . ; }
check "relay-1: stops" down relay-1
back relay-1
cp v1.signed roster-relay-1.signed
up relay-1
check "relay-1, set back: the nodes bring it version 3" within 20 version_of relay-1 3
for m in pt-farol es-faro; do check "$m: never goes back" roster_is $m 3; done

check "pt-farol: stops" down pt-farol
back pt-farol
cp v1.signed pt-seed.signed
sed -i 's/^roster: .*/roster: pt-seed.signed/' pt-farol.yaml
for r in relay-1 relay-2; do check "$r: stops" down $r; done
up pt-farol
check "pt-farol, set back: version 1" within 10 roster_is pt-farol 1
at pt-farol publish case.json --live --to ES --confirm Leonor --wait accepted -W 1s -o json >back.json 2>/dev/null
up relay-1 relay-2
check "es-faro: the member went back to an older roster" within 30 evidence es-faro 'pt-farol went back to an older roster .version 1.*proof is kept'
check "es-faro: in words" in_words es-faro 'pt-farol went back to an older roster'
of_farol() { at es-faro inbox -o json | true_of --argjson n "$1" '[.[] | select(.member=="pt-farol")] | length == $n'; }
check "es-faro: and has its alert" within 15 of_farol 3
check "pt-farol: follows to version 3 again" within 20 roster_is pt-farol 3

# --- a relay that stays behind --------------------------------------------------------------------------------------
cp v3.signed roster-relay-3.signed
spoken() { at es-faro status -o json | true_of --argjson v "$1" '[.relays[] | select(.id=="relay-3") | .roster_version] == [$v]'; }
check "relay-3 speaks of version 3" within 10 spoken 3
cp v2.signed roster-relay-3.signed
check "relay-3 speaks of version 2" within 10 spoken 2
check "es-faro: not said at once" not evidence es-faro 'relay-3 went back'
move 90
check "es-faro: it went back, after a minute; unsigned" within 10 evidence es-faro 'relay-3 went back to an older roster .version 2.*did not sign'
check "es-faro: stops" down es-faro
moving es-faro
check "es-faro: back" within 20 connected es-faro 2
check "es-faro: kept over the restart" in_words es-faro 'relay-3 went back to an older roster'
check "relay-3 speaks of version 2 again" within 10 spoken 2
move 3900
check "es-faro: frozen, after an hour" within 10 evidence es-faro 'relay-3 was not given the newest roster for an hour'
check "es-faro: in words" in_words es-faro 'relay-3 was not given the newest roster'
move 0

# --- suspended, withdrawn -------------------------------------------------------------------------------------------
follow() { # follow VERSION: all but the liar
    local r m
    cp "v$1.signed" roster.signed
    for r in relay-1 relay-2; do give "v$1.signed" $r; done
    for r in relay-1 relay-2; do check "$r: version $1" within 10 version_of $r "$1"; done
}
check "pt-farol is suspended" h roster suspend net pt-farol
check "version 4" h roster sign net -o v4.signed
follow 4
check "pt-farol: version 4" within 10 roster_is pt-farol 4
check "pt-farol: in words" in_words pt-farol 'This member is suspended: it can update, close and reply, but open nothing'
check "pt-farol: opens nothing (5)" cli 5 pt-farol publish case.json --live --to ES --confirm Leonor
check "pt-farol: and is told" says 'suspended: it can update'
check "pt-farol: updates" at pt-farol update "$(jq -r .reference first.json)" case.json --wait delivered -W 15s
check "pt-farol: acknowledges" at pt-farol ack "$(jq -r .reference other.json)" --as Ana
check "pt-farol: closes" at pt-farol close "$(jq -r .case_id back.json)" --outcome found-safe --wait delivered -W 15s
check "pt-farol: is good again" h roster reinstate net pt-farol
check "es-faro is withdrawn" h roster withdraw net es-faro
check "version 5" h roster sign net -o v5.signed
follow 5
for m in pt-farol es-faro; do check "$m: version 5" within 10 roster_is $m 5; done
check "es-faro: in words" in_words es-faro 'The authority withdrew this member'
marked() { at pt-farol inbox -o json | true_of '[.[] | select(.member=="es-faro")] | length > 0 and all(.opener_withdrawn)'; }
check "pt-farol: what es-faro sent before is marked" marked
check "pt-farol: in the list" bash -c "'$bin/hotline' --node pt-farol.sock --no-input inbox | grep -q 'es-faro WITHDRAWN'"
check "pt-farol: and in the case" bash -c "'$bin/hotline' --node pt-farol.sock --no-input show es-faro/$(jq -r .reference other.json) | grep -q 'withdrawn its opener'"
check "es-faro is good again" h roster reinstate net es-faro
check "version 6, for ten days" h roster sign net --expires 10d -o v6.signed
follow 6
for r in relay-1 relay-2; do check "$r: its end is announced" ready_says $r '^200 .*note: the roster expires in'; done
check "es-faro: a new start" down es-faro
moving es-faro
for m in pt-farol es-faro; do
    check "$m: version 6" within 15 roster_is $m 6
    check "$m: and connected" within 20 connected $m 2
done
check "pt-farol: its end is announced" bash -c "'$bin/hotline' --node pt-farol.sock --no-input status | grep -q 'WARNING.*The roster expires in'"
check "pt-farol: a last case" send pt-farol last.json ES

# --- stale, then dead -----------------------------------------------------------------------------------------------
for n in pt-farol es-faro relay-1 relay-2; do check "$n: stops" down $n; done
murder liar
day=86400
export LD_PRELOAD="$work/shift.so" SHIFT_FILE="$work/moved" # people's clocks go with the machines'
move $((11 * day))
moving relay-1 relay-2 pt-farol es-faro
for m in pt-farol es-faro; do check "11 days later, $m: connected" within 20 connected $m 2; done
check "stale: in words" in_words pt-farol 'he roster expired .* ago'
check "stale: the relay says so, and is ready" ready_says relay-1 '^200 .*note: the roster expired'
check "stale: cases are opened" send pt-farol stale.json ES
for n in pt-farol es-faro relay-1 relay-2; do check "$n: stops" down $n; done
move $((41 * day))
moving relay-1 relay-2 pt-farol es-faro
for m in pt-farol es-faro; do check "41 days later, $m: connected" within 20 connected $m 2; done
check "dead: in words" in_words pt-farol 'he roster expired .* ago, beyond its grace of 30 days'
check "dead: the relay is not ready" ready_says relay-1 '^503 .*expired more than 30 days ago'
check "dead: nothing is opened (5)" cli 5 pt-farol publish case.json --live --to ES --confirm Leonor
check "dead: and it is said" says 'roster expired more than 30 days ago'
check "dead: a closing passes" at pt-farol close "$(jq -r .reference stale.json)" --outcome found-safe --wait delivered -W 20s
closed() { field es-faro "$(jq -r .reference stale.json)" state CLOSED; }
check "dead: and arrives, with its receipt" closed
finish

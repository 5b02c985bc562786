#!/usr/bin/env bash
# What happens to processes: stopped for a while, all relays killed at once, disks lost, old backups put back, descriptors used up
# by a stranger, a slow reader, a storm of nodes that come back together, a dead gate, clocks that are wrong or swing.
# usage: process.sh BUILD          (FAULT=short: one of each kind)
set -u
. "$(dirname "$0")/lib.sh"
begin "$@"
small_network
scene start "all are connected, a case arrives"
start

scene stopped "SIGSTOP of each for 3 s, while cases go out: it goes on by itself, and the others do not wait for it"
for d in relay-1 pt-farol es-faro; do
    story publish pt-farol 3 0.2 2>stop.err &
    pid[story]=$!
    kill -STOP "${pid[$d]}"
    sleep 3
    kill -CONT "${pid[$d]}"
    check "$d stopped for 3 s: cases are accepted" wait "${pid[story]}"
    unset 'pid[story]'
    whole 30
done

scene "all relays" "killed at once, while cases go out: nothing is lost"
for round in 1 2 3; do
    story publish pt-farol 4 0.1 2>stop.err &
    pid[story]=$!
    sleep "0.$((RANDOM % 6 + 1))"
    murder "${relays[@]}"
    up "${relays[@]}"
    check "round $round: cases are accepted" wait "${pid[story]}"
    unset 'pid[story]'
done
whole 30

scene "all processes" "killed at once: every accepted case is in every view once they are back"
send 3
murder "${relays[@]}" "${members[@]}"
up "${relays[@]}" "${members[@]}"
whole 30

scene "lost disks" "one relay's, then all relays': the publishers' outboxes fill them again"
check "es-faro is away" down es-faro
send 2
murder relay-1
rm -f relay-1.db*
up relay-1
murder "${relays[@]}"
rm -f relay-?.db*
up "${relays[@]}" es-faro
whole 30

scene "old backup" "of a relay and of a recipient: what came since comes again, nothing twice"
check "relay-1 stops" down relay-1
cp relay-1.db relay-1.old
up relay-1
check "es-faro: backup" within 20 at es-faro db backup "$work/es-faro.old"
send 3
check "before: all is there" whole_now 30
murder relay-1
rm -f relay-1.db*
cp relay-1.old relay-1.db
chmod 600 relay-1.db
up relay-1
check "es-faro stops" down es-faro
rm -f es-faro.db*
check "es-faro: restore" h db restore es-faro.old es-faro.db
up es-faro
whole 40

scene descriptors "a stranger holds 400 connections to a relay and a node whose limit is 256: members are served, and it lives"
for d in relay-1 pt-farol; do
    check "$d stops" down "$d"
    launch="prlimit --nofile=256:256" up "$d"
done
check "connected under the limit" within 20 connected_all
python3 -c '
import socket, sys, time
held = []
for port in map(int, sys.argv[1:]):
    for _ in range(200):
        try:
            one = socket.create_connection(("127.0.0.1", port), timeout=0.5)
            held.append(one)
        except OSError:
            pass
print(len(held), flush=True)
time.sleep(600)' "${port[relay-1]}" "${port[pt-farol]}" "${port[relay-1-admin]}" >held.txt 2>/dev/null &
pid[stranger]=$!
opened() { [ -s held.txt ]; }
check "the stranger has its connections" within 120 opened
story publish pt-farol 2 2>flood.err &
pid[story]=$!
check "meanwhile: cases are accepted" wait "${pid[story]}"
unset 'pid[story]'
check "meanwhile: relay-1 runs" running relay-1
check "meanwhile: pt-farol runs" running pt-farol
murder stranger
whole 60
for d in relay-1 pt-farol; do check "$d stops" down "$d"; up "$d"; done

if [ "$FAULT" != short ]; then
    scene storm "200 nodes' worth of connections come back at once, five times: members are served"
    for round in 1 2 3 4 5; do
        python3 -c '
import socket, sys
held = [socket.socket() for _ in range(200)]
for one in held:
    one.setblocking(False)
    one.connect_ex(("127.0.0.1", int(sys.argv[1])))
import time
time.sleep(1)' "${port[relay-1]}"
        murder relay-1
        up relay-1
    done
    send 2
    whole 30
fi

scene "slow reader" "a recipient that runs for 0.1 s of every second slows itself alone"
while kill -STOP "${pid[es-faro]}" && sleep 0.9 && kill -CONT "${pid[es-faro]}" && sleep 0.1; do :; done 2>/dev/null &
pid[slow]=$!
send 10
only_fr() { at fr-phare inbox -o json | true_of "length >= $(wc -l <pt-farol.accepted)"; }
check "fr-phare has them all meanwhile" within 10 only_fr
kill "${pid[slow]}" 2>/dev/null
wait "${pid[slow]}" 2>/dev/null
unset 'pid[slow]'
kill -CONT "${pid[es-faro]}"
whole 30

# --- clocks -------------------------------------------------------------------------------------------------------------
if cc -shared -fPIC -O1 -o shift.so "$here/shift_clock.c" 2>cc.log && ! grep -aq __asan_init "$bin/hotline-node"; then
    shifted() { launch="env LD_PRELOAD=$work/shift.so SHIFT_SECONDS=$1" up "${@:2}"; } # shifted SECONDS NAME...
    scene clocks "a relay's or a recipient's clock is an hour off, of 1970, or swings: the others' two relays carry it all"
    shifts=(3600 -3600)
    [ "$FAULT" = short ] || shifts=(3600 -3600 $((-$(date +%s))) 3600 -3600 0)
    for shift in "${shifts[@]}"; do
        check "relay-1 stops" down relay-1
        shifted "$shift" relay-1
        send 1
        check "relay-1, $shift s: all is there by the others" within 30 settled_all
    done
    check "relay-1 stops" down relay-1
    up relay-1
    whole 40
    for shift in 3600 -3600; do
        check "es-faro stops" down es-faro
        shifted $shift es-faro
        send 1
        check "es-faro, $shift s: it has it" within 30 story settled es-faro
    done
    check "es-faro stops" down es-faro
    up es-faro
    whole 40
else
    skip clocks "no compiler for shift_clock.c, or a sanitizer build"
fi
stop_all
finish

#!/usr/bin/env bash
# A bad line between every node and every relay: slow, thin, one-way, silent, cut at each byte of the dialogue, changed, doubled.
# usage: wire.sh BUILD          (FAULT=short: a sample of the bytes; STEP=1: each)
set -u
. "$(dirname "$0")/lib.sh"
begin "$@"
for r in relay-1 relay-2; do take_port $r-public; done
small_network 2
echo pass >line
python3 "$faults/proxy.py" "$work/line" "${port[relay-1-public]}:${port[relay-1]}" "${port[relay-2-public]}:${port[relay-2]}" 2>proxy.err &
pid[proxy]=$!
turn() { echo "$*" >line.next && mv line.next line; } # turn WORD...: from now on
scene start "the line is there, a case arrives"
start

scene slow "each piece 300 ms late: cases go out and come in"
turn delay 300
check "slow: connected" within 40 connected_all
send 2
whole 40
scene thin "8 kbit/s: they do as well"
turn rate 1000
check "thin: connected" within 60 connected_all
send 1
whole 60

for how in half silent; do
    scene $how "for 8 s, while cases are written: refused or kept, and out as soon as the line is whole"
    turn $how
    story publish pt-farol 2 2>line.err &
    pid[story]=$!
    sleep 8
    check "$how: the node is there for its people" at pt-farol status
    turn pass
    check "$how: cases are accepted afterwards" wait "${pid[story]}"
    unset 'pid[story]'
    whole 60
done

# ZeroMQ's greeting, Curve's handshake, Hello with the card, then a case: what a node says first; and what a relay does:
# by turns, or both at each byte with STEP=1.
step=${STEP:-$([ "$FAULT" = short ] && echo 181 || echo 23)}
struck() { [ "$(cat line.done 2>/dev/null || echo 0)" -gt "$before" ]; }
for how in cut flip twice; do
    scene $how "a connection at each $step. byte of its first 1500, either way, while cases go out: the others do not notice, all arrives"
    missed='' count=0
    for ((at = RANDOM % step, turns = 0; at < 1500; turns++, at = step == 1 ? turns / 2 : at + step)); do
        side=node
        [ $((turns % 2)) = 0 ] || side=relay
        before=$(cat line.done 2>/dev/null || echo 0)
        turn $how $at $side
        if [ $((count++ % 4)) = 0 ] || [ $at -gt 700 ]; then # behind Hello there is nothing to strike but what is sent
            story publish pt-farol 1 >>line.out 2>&1 || missed+=" (a case at $at $side)"
        fi
        within 15 struck || missed+=" $at $side"
    done
    check "$how: happened at each of $count places, and each case was accepted" bash -c "[ -z '$missed' ] || { echo 'not at$missed'; false; }"
    turn pass
    send 1
    whole 60
done
check "the proxy never fell" running proxy
stop_all
finish

#!/usr/bin/env bash
# Partitions with real packets dropped: nft rules in a network namespace of its own, where loopback is the only line. A node is cut
# from one relay, from all, in one direction, and again and again; afterwards everything is where it belongs.
# usage: partition.sh BUILD          (needs network namespaces and nft)
set -u
if [ -z "${INSIDE_NAMESPACE:-}" ]; then
    if unshare -rn sh -c 'ip link set lo up && nft add table inet try' 2>/dev/null; then
        INSIDE_NAMESPACE=1 exec unshare -rn "$0" "$@"
    fi
    echo "skip partitions: no network namespace with nft can be made here"
    echo "0 passed, 0 failed"
    exit 0
fi
ip link set lo up
. "$(dirname "$0")/lib.sh"
begin "$@"
small_network
nft add table inet cut
nft add chain inet cut in '{ type filter hook input priority 0; }'
heal() { nft flush chain inet cut in; }
# Each relay's port stands for its line: what is to it, and what comes from it.
to_relay() { nft add rule inet cut in tcp dport "${port[$1]}" drop; }
from_relay() { nft add rule inet cut in tcp sport "${port[$1]}" drop; }
scene start "all are connected, a case arrives"
start

scene "one relay" "nobody reaches relay-1 for 8 s: the others carry it"
to_relay relay-1 && from_relay relay-1
send 2
check "settled by the others" within 15 settled_all
sleep 6
heal
whole 60

scene "all relays" "nobody reaches any relay for 6 s: kept by the publisher, and out when the line is back"
for r in "${relays[@]}"; do to_relay "$r"; from_relay "$r"; done
story publish pt-farol 2 2>cut.err &
pid[story]=$!
sleep 6
check "the node is there for its people" at pt-farol status
heal
check "cases are accepted afterwards" wait "${pid[story]}"
unset 'pid[story]'
whole 60

for way in to_relay from_relay; do
    scene "one-way ($way)" "what goes $way is lost for 7 s, to every relay"
    for r in "${relays[@]}"; do $way "$r"; done
    story publish pt-farol 2 2>cut.err &
    pid[story]=$!
    sleep 7
    heal
    check "cases are accepted afterwards" wait "${pid[story]}"
    unset 'pid[story]'
    whole 60
done

scene flapping "each line goes and comes every half second for 12 s, while cases go out"
story publish pt-farol 8 0.4 2>cut.err &
pid[story]=$!
for round in $(seq 12); do
    to_relay "relay-$((RANDOM % 3 + 1))"
    from_relay "relay-$((RANDOM % 3 + 1))"
    sleep 0.6
    heal
    sleep 0.4
done
check "cases are accepted" wait "${pid[story]}"
unset 'pid[story]'
whole 60
stop_all
finish

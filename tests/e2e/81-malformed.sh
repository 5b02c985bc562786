#!/usr/bin/env bash
# 200,000 malformed messages at a live relay, over CURVE with a member's own key, and strangers between them, while honest
# members go on exchanging alerts: no crash, alerts in time, memory, descriptors and log bounded.
# usage: [COUNT=200000] [SEED=0] 81-malformed.sh BUILD
. "$(dirname "$0")/lib.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)
count=${COUNT:-200000}
begin "$@"
check "the sender is built" make -s -C "$top" BUILD="$bin" "$bin/tests/malformed"
authority
add_relay relay-1 'limits:' '  openings_per_minute: 600'
add_node pt-farol PT
add_node es-faro ES
add_node xx-mallory NL # accredited, and its node never runs
unset 'members[2]'
sign
everyone_up
draft case.json Leonor
rss() { awk '/^VmRSS/ {print $2}' "/proc/${pid[$1]}/status"; }
descriptors() { find "/proc/${pid[$1]}/fd" -mindepth 1 2>/dev/null | wc -l; }
metrics() { python3 -c 'import sys, urllib.request as u; print(u.urlopen("http://127.0.0.1:%s/metrics" % sys.argv[1]).read().decode())' "${port[relay-1-admin]}"; }
metric() { metrics | awk -v m="$1" '$1 ~ "^" m "($|{)" {n += $2} END {print n + 0}'; }
send() { publish pt-farol case.json p.json --exercise --to ES --confirm Leonor --wait delivered -W 20s; }
check "before: an alert is delivered" send
rss_before=$(rss relay-1) fd_before=$(descriptors relay-1) log_before=$(stat -c %s relay-1.log)

"$bin/tests/malformed" "tcp://127.0.0.1:${port[relay-1]}" relay-1.key xx-mallory.key net/authority.pub roster.signed "$count" "${SEED:-0}" \
    "$top"/tests/fuzz/corpus/{frames,relay,envelope}/* >malformed.log 2>&1 &
sender=$!
pid[malformed]=$sender
: >times.log
lost=0 fd_most=0
while ! gone "$sender"; do
    began=$(now_ms)
    send >send.log 2>&1 || { lost=$((lost + 1)); cp send.log lost.log; }
    echo $(($(now_ms) - began)) >>times.log
    fd_now=$(descriptors relay-1)
    [ "$fd_now" -le $fd_most ] || fd_most=$fd_now
done
wait "$sender"
sent_status=$?
unset "pid[malformed]"
p99() { sort -n times.log | awk '{a[NR] = $1} END {print a[int(NR * 0.99 + 0.999999)]}'; }
echo "# $(cat malformed.log); $(wc -l <times.log) alerts meanwhile, p99 $(p99) ms with the command's start; relay: $(rss relay-1) KiB (before $rss_before), log $(stat -c %s relay-1.log) bytes"
check "all were sent" [ $sent_status = 0 ]
check "the relay runs" running relay-1
check "it saw them: malformed or not permitted" [ $(($(metric hotline_relay_malformed_total) + $(metric hotline_relay_not_permitted_total))) -ge $((count / 4)) ]
check "every alert was delivered meanwhile" [ $lost = 0 ]
check "alerts were exchanged meanwhile" [ "$(wc -l <times.log)" -ge 3 ]
check "p99 of deliveries is under 2 s" [ "$(p99)" -lt 2000 ]
check "memory is bounded" [ "$(rss relay-1)" -lt $((rss_before + 65536)) ]
check "descriptors are bounded" [ $fd_most -lt $((fd_before + 100)) ]
check "the log is bounded" [ $(($(stat -c %s relay-1.log) - log_before)) -lt 1048576 ]
check "the log has no content" not grep -aq Leonor relay-1.log
check "after: an alert is delivered" send
check "the relay stops in order" down relay-1
finish

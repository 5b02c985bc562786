#!/usr/bin/env bash
# A name server that hangs: the tries at its names are given up in their time; the node answers, cases come in, other webhooks leave and the node
# stops meanwhile as if nothing were. And one that lies: a name that was allowed and then leads into a private network is not followed there. The
# name server is a small library of the test's own (slow_names.c).
# usage: 59-names.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
if ! cc -shared -fPIC -O1 -o slow.so "$here/slow_names.c" 2>cc.log || grep -aq __asan_init "$bin/hotline-node"; then
    skip "a name server that hangs" "needs a C compiler for slow_names.c, and no sanitizer that wants to be loaded first"
    finish
fi
mkdir sink
take_port sink-web
take_port sink-mail
python3 "$here/receiver.py" "${port[sink-web]}" "${port[sink-mail]}" sink >sink.log 2>&1 &
pid[sink]=$!
base=http://127.0.0.1:${port[sink-web]}
authority
add_relay relay-1
add_node lv-baka LV "" 'webhooks:' '  loopback: true'
add_node ee-tuletorn EE
sign
check "the receiver listens" within 10 test -e sink/ready
up relay-1 ee-tuletorn
launch="env LD_PRELOAD=$work/slow.so HANG_SECONDS=60 HANG_FILE=$work/asked TURN_FILE=$work/turned" up lv-baka
for m in lv-baka ee-tuletorn; do check "$m: connected" within 20 connected $m; done
stop_here_unless_green
for i in 1 2 3; do
    check "a webhook to a name that hangs ($i)" sh -c "'$bin/hotline' --node lv-baka.sock webhook add https://h$i.hang.example/x --event case.review -o json >h$i.json"
done
check "a webhook to one that answers" cli 0 lv-baka webhook add "$base/cases" --event case.received
latency() { # latency SECONDS: asks for the status all the time; the longest that it took, in ms, is in latency.log
    python3 - "${port[lv-baka]}" "$1" <<'PY' >latency.log
import http.client, sys, time
end, worst = time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < end:
    begin = time.monotonic()
    line = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
    line.request("GET", "/readyz")
    line.getresponse().read()
    worst = max(worst, time.monotonic() - begin)
    time.sleep(0.02)
print(int(worst * 1000))
PY
}
latency 14 &
pid[latency]=$!
for i in 1 2 3; do check "its test is on its way ($i)" cli 0 lv-baka webhook test "$(jq -r .id h$i.json)"; done
check "the name server was asked" within 10 test -s asked
draft case.json Zwaluwina
check "a case comes in meanwhile" publish ee-tuletorn case.json p.json --live --to LV --confirm Zwaluwina --wait delivered -W 10s
check "and its webhook leaves" within 5 grep -q case.received sink/web.jsonl
given_up() { at lv-baka webhook log -o json | jq -e '[.[] | select(.type == "webhook.test" and .tries >= 1 and .why != null)] | length == 3'; }
check "what hangs is given up in its time" within 15 given_up
check "and waits for its next try" true_of '[.[] | select(.type == "webhook.test" and .state == "WAITING")] | length == 3' <(at lv-baka webhook log -o json)
wait "${pid[latency]}"
unset "pid[latency]"
check "nobody waited for the name server" test "$(cat latency.log)" -lt 3000
# The address that counts is the one that is connected to, each time anew: a look at the name beforehand would be worth nothing.
check "a webhook to a name that will turn" sh -c "'$bin/hotline' --node lv-baka.sock webhook add https://a.turn.example:${port[sink-web]}/turn --event case.review -o json >turn.json"
turn_is() { # turn_is COUNT JQ: so many of its deliveries
    at lv-baka webhook log -o json | jq -e --argjson n "$1" --arg id "$(jq -r .id turn.json)" "[.[] | select(.webhook == \$id) | $2] | length == \$n"
}
forbidden='select(.why == "it resolves to an address that webhooks may not go to")'
check "tested while it is this machine, which is allowed" cli 0 lv-baka webhook test "$(jq -r .id turn.json)"
check "connected to: what fails there is TLS" within 15 turn_is 1 'select(.why != null and .why != "it resolves to an address that webhooks may not go to")'
touch turned
murder lv-baka # it may keep a name for a minute
launch="env LD_PRELOAD=$work/slow.so HANG_SECONDS=60 HANG_FILE=$work/asked TURN_FILE=$work/turned" up lv-baka
check "lv-baka: back" within 20 connected lv-baka
check "tested when it has turned" cli 0 lv-baka webhook test "$(jq -r .id turn.json)"
turned() { turn_is 1 "$forbidden" || turn_is 2 "$forbidden"; }
check "turned: not connected to" within 15 turned
check "tried once more" cli 0 lv-baka webhook test "$(jq -r .id h1.json)"
check "the name server is asked again" within 10 bash -c '[ "$(wc -c <asked)" -ge 4 ]'
check "lv-baka: stops while it hangs" down lv-baka
check "ee-tuletorn: stops" down ee-tuletorn
finish

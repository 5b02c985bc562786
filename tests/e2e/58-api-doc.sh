#!/usr/bin/env bash
# The programs of docs/api.md, taken out of it and run as they stand: first calls, a draft sent as an exercise and once
# under a key used twice, lists, events, and a webhook's signature, which another secret does not verify.
# usage: 58-api-doc.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"

programs() { # programs DOCUMENT: each python block into a file of the name that its first line has
    python3 - "$1" <<'PY'
import pathlib
import re
import sys
blocks = re.findall(r"^```python\n(# (\w+\.py): .*?)^```$", pathlib.Path(sys.argv[1]).read_text(), re.M | re.S)
for text, name in blocks:
    pathlib.Path(name).write_text(text)
print(len(blocks))
PY
}
run() { API=http://127.0.0.1:${port[pt-farol]} TOKEN=$(cat token) timeout 30 python3 "$1.py" >"$1.out" 2>&1; } # run NAME
said() { grep -qE -- "$2" "$1.out" || { echo "it said: $(tail -n 1 "$1.out")"; return 1; }; }                 # said NAME PATTERN
fails() { if run "$1"; then echo "it did not fail"; return 1; fi; }
verifies() { # verifies SECRET: the last webhook that came
    python3 - "$1" <<'PY'
import json
import sys
from verify import verify
line = json.loads(open("sink/web.jsonl").readlines()[-1])
sys.exit(0 if verify(sys.argv[1], line["headers"], line["body"].encode()) else "it does not verify")
PY
}

check "the document has its five programs" test "$(programs "$here/../../docs/api.md")" = 5
authority
add_relay relay-1
add_node pt-farol PT "" 'webhooks:' '  loopback: true'
add_node es-faro ES
sign
everyone_up
take_port sink-web
take_port sink-mail
mkdir sink
python3 "$here/receiver.py" "${port[sink-web]}" "${port[sink-mail]}" sink >sink.log 2>&1 &
pid[sink]=$!
at pt-farol token add case-system --scope read --scope draft --scope publish:exercise >token 2>/dev/null
check "a webhook is added" sh -c "'$bin/hotline' --node pt-farol.sock webhook add http://127.0.0.1:${port[sink-web]}/cases -o json >hook.json"

check "node.py" run node
check "node.py: who, and by which relay" said node "pt-farol is connected to \['relay-1'\]"
check "send.py" run send
check "send.py: what is missing is said" said send "missing: \['case.contact.phone'\]"
check "send.py: under one key it is sent once" test "$(grep -c '^sent: ' send.out)" = 2 -a "$(grep '^sent: ' send.out | sort -u | wc -l)" = 1
check "es-faro has it, once, as an exercise" within 10 inbox_is es-faro 1
check "es-faro: an exercise" bash -c "'$bin/hotline' --node es-faro.sock inbox -o json | true_of '.[0].status == \"EXERCISE\"'"
check "events.py" run events
check "events.py: to the delivery" said events 'ladder.changed .* es-faro DELIVERED'
draft case.json Leonor
check "es-faro: a case for Portugal" publish es-faro case.json es.json --live --to PT --confirm Leonor --wait delivered -W 10s
check "lists.py" within 10 bash -c "$(declare -f run); declare -A port=([pt-farol]=${port[pt-farol]}); run lists && grep -q '1 received' lists.out"
check "lists.py: by its full name" said lists 'es-faro:ES-'
check "a webhook tells of it" within 10 grep -q case.received sink/web.jsonl
check "verify.py: it verifies" verifies "$(jq -r .secret hook.json)"
check "verify.py: another secret does not" not verifies whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
check "revoked: refused in words" cli 0 pt-farol token revoke case-system
check "lists.py: fails" fails lists
check "lists.py: with LOGIN" said lists LOGIN
finish

#!/usr/bin/env bash
# Nobody in between reads a case: canaries are planted in every field of text, in replies and closings, and looked for in the
# relays' databases, logs and memory, in all bytes that crossed their ports, and in the nodes' files at rest. A search that
# finds nothing anywhere proves nothing: the same search must find them in the nodes' own memory.
# usage: 90-canary.sh BUILD                                  (needs root, to read memory)
. "$(dirname "$0")/lib.sh"
begin "$@"
words='Kanarie|Wielewaal|IJsvogel|Nachtegaal|Roodborst|Putter'
cat >tap.py <<'PY'
# usage: tap.py LISTEN TARGET FILE: passes bytes on, and keeps all of them
import asyncio, sys
listen, target, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
kept = open(path, "ab", buffering=0)
async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            kept.write(data)
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()
async def session(reader, writer):
    try:
        there, back = await asyncio.open_connection("127.0.0.1", target)
    except OSError:
        writer.close()
        return
    await asyncio.gather(pump(reader, back), pump(there, writer))
async def main():
    server = await asyncio.start_server(session, "127.0.0.1", listen)
    await server.serve_forever()
asyncio.run(main())
PY
cat >memory.py <<'PY'
# usage: memory.py PID PATTERN: 0 when a readable page of the process holds it, 1 when none does, 2 when nothing could be read
import re, sys
pid, pattern = sys.argv[1], re.compile(sys.argv[2].encode() + b"|" + "|".join(".".join(w) for w in sys.argv[2].split("|")).encode(), re.S)
total = found = 0
with open("/proc/%s/mem" % pid, "rb", 0) as memory:
    for line in open("/proc/%s/maps" % pid):
        where, rights = line.split()[:2]
        if rights[0] != "r" or "[v" in line:
            continue
        start, end = (int(x, 16) for x in where.split("-"))
        tail = b""
        while start < end:
            size = min(1 << 20, end - start)
            try:
                memory.seek(start)
                page = memory.read(size)
            except (OSError, ValueError, OverflowError):
                page = b""
            total += len(page)
            hit = pattern.search(tail + page)
            if hit:
                found += 1
                print("found", hit.group(0), "in", line.strip())
            tail, start = page[-64:], start + size
sys.exit(0 if found else 1 if total > 1 << 20 else 2)
PY
authority
for r in relay-1 relay-2; do
    take_port $r-public # what the roster tells the world: the tap
    add_relay $r
done
add_node pt-farol PT
add_node es-faro ES
add_node fr-phare FR "PT"
sign
for r in relay-1 relay-2; do
    python3 tap.py "${port[$r-public]}" "${port[$r]}" $r.tap &
    pid[tap-$r]=$!
done
everyone_up

draft case.json Kanarie '.child.family_name="Wielewaal" | .last_seen.place="IJsvogel" | .why_urgent="Nachtegaal" | .police.reference="Putter" | .transport.detail="Putter" | .contact.languages=["pt"]'
check "published, delivered" publish pt-farol case.json p.json --live --to ES --confirm Kanarie --wait delivered -W 10s
ref=$(jq -r .reference p.json)
for m in es-faro fr-phare; do check "$m: has it, canaries and all" within 10 shows $m "$ref" '.case.child.family_name == "Wielewaal" and .case.why_urgent == "Nachtegaal"'; done
check "acknowledged" at es-faro ack "$ref" --as Roodborst
check "a reply" at es-faro reply "$ref" --message "Roodborst aan de haven"
check "pt-farol: has the reply" within 5 shows pt-farol "$ref" '[.thread[].text] | index("Roodborst aan de haven") != null'
check "no name of a person went with the receipt" shows pt-farol "$ref" '[.ladder[] | tostring | test("Roodborst")] | any | not'
jq '.why_urgent="Nachtegaal, again"' case.json >update.json
check "an update" at pt-farol update "$ref" update.json
check "es-faro: revision 2" within 5 field es-faro "$ref" revision 2
check "closed" at pt-farol close "$ref" --outcome found-safe --reason "Putter thuis"
check "es-faro: CLOSED" within 5 field es-faro "$ref" state CLOSED
draft drill.json Kanarie '.child.family_name="Wielewaal"'
check "a drill" publish pt-farol drill.json d.json --exercise --to ES --confirm Kanarie --wait delivered -W 10s

nowhere() { no_text "$words" "$@"; }
tapped() { [ "$(stat -c %s "$1.tap")" -gt 8000 ]; }
for r in relay-1 relay-2; do
    check "$r: the tap saw the traffic" tapped $r
    check "$r: none in all that crossed its port" nowhere $r.tap
    check "$r: none in its database" nowhere $r.db
    check "$r: none in its write-ahead log" bash -c "[ ! -e $r.db-wal ] || ! grep -aqE '$words' $r.db-wal"
    check "$r: none in its log" nowhere $r.log
done
if grep -aq __asan_init "$bin/hotline-relay"; then
    skip "memory of the relays" "a sanitizer's shadow is terabytes long"
elif [ "$(id -u)" = 0 ]; then
    found_in() { python3 memory.py "${pid[$1]}" "$words"; }
    none_in() { local got; python3 memory.py "${pid[$1]}" "$words"; got=$?; [ $got = 1 ]; }
    check "the search finds them where they may be: a node's memory" found_in pt-farol
    for r in relay-1 relay-2; do check "$r: none in its memory" none_in $r; done
else
    skip "memory of the relays" "only root may read it"
fi
for m in "${members[@]}"; do
    check "$m: none in its files while it runs" bash -c "! grep -aqE '$words' $m.db $m.db-wal"
    check "$m: none in its log" nowhere $m.log
    check "$m: stops" down "$m"
    check "$m: none in its files at rest" nowhere $m.db
done
check "no other file holds any" bash -c "! grep -alE '$words' *.db* *.log *.sock *.yaml 2>/dev/null | grep -v -e out.log -e within.log -e said.log -e err.log | grep ."
finish

#!/usr/bin/env bash
# Where long-lived secrets stand while everything runs: in guarded memory, locked and left out of core dumps, and nowhere else;
# those of the transport also in ZeroMQ's own memory, which copies them. Looked for in every page of nodes and relay.
# usage: 91-memory.sh BUILD                                  (needs root, to read memory)
. "$(dirname "$0")/lib.sh"
begin "$@"
if grep -aq __asan_init "$bin/hotline-relay"; then
    skip "secrets in memory" "a sanitizer's shadow is terabytes long"
    finish
fi
if [ "$(id -u)" != 0 ]; then
    skip "secrets in memory" "only root may read it"
    finish
fi
cat >secrets.py <<'PY'
"""usage: secrets.py PID KEYFILE NAME,... WHERE: 0 when each of these secrets is found, and only WHERE: guarded, anywhere; or nowhere at all.
PLAIN for a key file: NAME itself is looked for."""
import hashlib, re, struct, sys, time
pid, path, names, allowed = sys.argv[1], sys.argv[2], sys.argv[3].split(","), sys.argv[4]

def kdf(key, number, context):
    return hashlib.blake2b(b"", digest_size=32, key=key, salt=struct.pack("<Q", number) + bytes(8), person=context.encode().ljust(16, b"\0")).digest()

def of_file():
    hexa = re.search("^secret ([0-9a-f]{64})$", open(path).read(), re.M).group(1)
    master, week = bytes.fromhex(hexa), int(time.time()) // 604800
    return {"master": master, "text": hexa.encode(), "identity": kdf(master, 1, "HRidenty"), "transport": kdf(master, 1, "HRtransp"),
            "recovery": kdf(master, 1, "HRrecovr"), "sending": kdf(master, week, "HRsendng"), "wrap": kdf(master, 1, "HRstorag")}

secrets = {names[0]: names[0].encode()} if path == "PLAIN" else of_file()
maps, found, total, bad = [], set(), 0, []
for line in open(f"/proc/{pid}/smaps"):
    head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line)
    if head:
        maps.append([int(head[1], 16), int(head[2], 16), head[3], head[4], []])
    elif line.startswith("VmFlags:"):
        maps[-1][4] = line.split()[1:]
with open(f"/proc/{pid}/mem", "rb", 0) as memory:
    for start, end, rights, name, flags in maps:
        if rights[0] != "r" or "[v" in name:
            continue
        try:
            memory.seek(start)
            page = memory.read(end - start)
        except (OSError, ValueError, OverflowError):
            continue
        total += len(page)
        guarded = "lo" in flags and "dd" in flags                 # locked, and left out of dumps
        for one in names:
            if secrets[one] in page:
                found.add(one)
                if not guarded and allowed != "anywhere":
                    bad.append(f"{one} in {name or 'anonymous'} memory that is {' '.join(flags)}")
if total < 1 << 20:
    sys.exit("nothing could be read")
if allowed == "nowhere":
    sys.exit(f"found: {found}" if found else 0)
if found != set(names):
    sys.exit(f"not found at all: {sorted(set(names) - found)}")
sys.exit("; ".join(bad) if bad else 0)
PY
authority
add_relay relay-1
add_node pt-farol PT
printf 'lantern-in-the-window-7781' >phrase
chmod 600 phrase
add_node es-faro ES "" 'passphrase_file: phrase'
cp es-faro.key plain.key
check "es-faro: its key file is locked" h key passphrase es-faro.key --passphrase-file phrase
sign
everyone_up
draft case.json Leonor
check "published, delivered" publish pt-farol case.json p.json --live --to ES --confirm Leonor --wait delivered -W 20s
ref=$(jq -r .reference p.json)
check "acknowledged" at es-faro ack "$ref"
check "ladder: ACKNOWLEDGED" within 10 ladder pt-farol "$ref" es-faro ACKNOWLEDGED

stand() { python3 secrets.py "${pid[$1]}" "${@:2}"; } # stand NAME KEYFILE SECRETS WHERE
check "the search finds what is in ordinary memory: ZeroMQ's copies" stand pt-farol pt-farol.key transport anywhere
check "and knows that from guarded memory" bash -c "! python3 secrets.py ${pid[pt-farol]} pt-farol.key transport guarded"
check "pt-farol: master, identity, recovery, sending: guarded, and nowhere else" stand pt-farol pt-farol.key master,identity,recovery,sending guarded
check "es-faro, from a locked file: master, identity, recovery" stand es-faro plain.key master,identity,recovery guarded
check "relay-1: master, identity" stand relay-1 relay-1.key master,identity guarded
for n in pt-farol relay-1; do check "$n: the text of its key file is wiped" stand $n $n.key text nowhere; done
check "pt-farol: what wraps its store's key is wiped" stand pt-farol pt-farol.key wrap nowhere
check "es-faro: its passphrase is wiped" stand es-faro PLAIN lantern-in-the-window-7781 nowhere
finish

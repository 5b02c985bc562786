#!/usr/bin/env bash
# Bad input at every door: each gets a refusal that names the field, the line or the limit, an exit code of the list, and leaves
# no trace, while alerts go on being delivered.
# usage: 80-hostile.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
authority
add_relay relay-1
add_relay relay-2
add_node pt-farol PT
add_node es-faro ES
add_node nl-baak NL
sign
everyone_up
draft case.json Leonor
send() { publish pt-farol case.json "$1" --live --to ES --confirm Leonor --wait delivered -W 10s; }
delivered() { # delivered WHILE: an alert crosses now
    check "$1: an alert is delivered" send p.json
    check "$1: es-faro has it once" within 5 has es-faro "$(jq -r .reference p.json)"
}
node_fails() { exits "$1" "$bin/hotline-node" --config "$2.yaml"; } # node_fails STATUS NAME
like() { # like NAME AS [SED]: the configuration of AS with other files
    sed "s#^store:.*#store: $1.db#; s#^socket:.*#socket: $1.sock#; s#^console:.*#console: \"\"#; ${3:-}" "$2.yaml" >"$1.yaml"
}

# --- files ------------------------------------------------------------------------------------------------------------
cp pt-farol.key loose.key
chmod 640 loose.key
like loose pt-farol 's#^key:.*#key: loose.key#'
check "key file that others may read: refused (2)" node_fails 2 loose
check "key file that others may read: named, with what to do" says 'loose\.key.*(chmod|0600)'
printf 'correct horse battery\n' >right.txt
printf 'wrong horse battery\n' >wrong.txt
chmod 600 right.txt wrong.txt
check "a locked key" h key generate --member de-leuchte --country DE --name "Hotline DE" -o de-leuchte.key --request de.request --passphrase-file right.txt
take_port de-leuchte
configure_node de-leuchte "" 'passphrase_file: wrong.txt'
check "wrong passphrase: refused (5)" node_fails 5 de-leuchte
check "wrong passphrase: the file is named" says 'de-leuchte\.key.*wrong passphrase'
check "wrong passphrase at the command line: refused (5)" exits 5 "$bin/hotline" key show de-leuchte.key --passphrase-file wrong.txt
sed -i '/^passphrase_file/d' de-leuchte.yaml
check "locked, and nobody to ask: refused (5)" node_fails 5 de-leuchte
head -c 60 pt-farol.key >half.key
chmod 600 half.key
like half pt-farol 's#^key:.*#key: half.key#'
check "half a key file: refused (2)" node_fails 2 half
check "half a key file: named with its line" says 'half\.key:[0-9]+'
like other pt-farol 's#^key:.*#key: es-faro.key#'
check "the key of another member: refused (2)" node_fails 2 other
check "the key of another member: named" says 'es-faro'
check "none of these left a store" bash -c '! ls loose.db half.db other.db de-leuchte.db 2>/dev/null'

check "nl-baak: stops" down nl-baak
cp nl-baak.db newer.db
like newer nl-baak
python3 - newer.db <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (b"999",))
if db.total_changes != 1:
    db.execute("PRAGMA user_version = 999")
db.commit()
PY
check "a newer database: refused (2)" node_fails 2 newer
check "a newer database: in words" says 'newer version of this software.*999'
like theirs nl-baak
like es-copy es-faro
check "es-faro: stops" down es-faro
cp es-faro.db theirs.db
cp relay-1.db of-relay.db
cp relay-1.db-wal of-relay.db-wal # it runs: its pages may be there
like of-relay nl-baak
check "another member's database: refused (5)" node_fails 5 theirs
check "another member's database: both are named" says 'es-faro.*nl-baak|nl-baak.*es-faro'
check "a relay's database: refused (5)" node_fails 5 of-relay
check "a relay's database: in words" says 'relay'
head -c 3000 nl-baak.db >torn.db
like torn nl-baak
check "a torn database: refused (1)" node_fails 1 torn
check "a torn database: in words, with the way out" says 'torn\.db.*(damaged|not a database).*restore'
check "and stays as it was" [ "$(stat -c %s torn.db)" = 3000 ]
up nl-baak es-faro
for m in nl-baak es-faro; do check "$m: connected" within 15 connected $m; done
like twice nl-baak 's#^store:.*#store: nl-baak.db#'
check "a second node on one database: refused (1)" node_fails 1 twice
check "a second node on one database: in words" says 'nl-baak\.db.*another process'

# --- strangers --------------------------------------------------------------------------------------------------------
h key generate --member xx-nobody --country NL --name "Nobody" -o xx-nobody.key --request xx.request --no-passphrase >/dev/null 2>&1
like xx-nobody nl-baak 's#^member:.*#member: xx-nobody#; s#^key:.*#key: xx-nobody.key#'
check "unknown member: its node does not start (5)" node_fails 5 xx-nobody
check "unknown member: told why, and what to do" says 'xx-nobody is not on roster version 1.*authority'
check "no relay knows it" not grep -q 'session.*member=xx-nobody' relay-1.log relay-2.log

# --- a second node with the same key ----------------------------------------------------------------------------------
like clone nl-baak
up clone
cloned() { at "$1" status -o json | true_of '[.warnings[].code] | index("CLONED") != null'; }
either() { cloned nl-baak || cloned clone; }
check "a clone: its people are told" within 10 either
either_has() { [ "$(entry nl-baak "$1" length)$(entry clone "$1" length)" != 00 ]; }
check "a clone: an alert for it is delivered" publish pt-farol case.json p.json --live --to NL --confirm Leonor --wait delivered -W 10s
ref=$(jq -r .reference p.json)
check "a clone: one of the two has it" either_has "$ref"
sessions() { grep -c 'msg=session member=nl-baak' relay-1.log; }
count=$(sessions)
delivered "with a clone about"
check "a clone: they do not take turns by the second" [ $(($(sessions) - count)) -le 2 ]
murder clone nl-baak
up nl-baak
check "the clone is gone: the first has the alert, once" within 20 has nl-baak "$ref"

# --- the node's API ---------------------------------------------------------------------------------------------------
cat >door.py <<'PY'
import json, socket, sys
def ask(path, raw):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(path)
    try:
        s.sendall(raw)
    except OSError:
        pass
    got = b""
    try:
        while b"\r\n\r\n" not in got or len(got.split(b"\r\n\r\n", 1)[1]) == 0:
            more = s.recv(65536)
            if not more:
                break
            got += more
    except OSError:
        pass
    return got
def post(body, extra=b"", url=b"/v1/cases", length=None):
    return (b"POST " + url + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: k%d\r\n" % (hash(body) % 10**9)
            + extra + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body)
case = json.load(open("case.json"))
good = {"case": case, "status": "ACTUAL", "to": ["ES"], "confirm": "Leonor"}
deep = b'{"case":' + b"[" * 200 + b"]" * 200 + b"}"
rows = [
    ("cut", post(json.dumps(good).encode()[:200]), b"40", b""),
    ("nested", post(deep), b"4", b""),
    ("not UTF-8", post(b'{"case":"\xff\xfe"}'), b"4", b""),
    ("twice the same name", post(b'{"status":"ACTUAL","status":"EXERCISE"}'), b"4", b"status"),
    ("an unknown field", post(json.dumps(dict(good, loud=True)).encode()), b"4", b"loud"),
    ("a number beyond", post(json.dumps(dict(good, case=dict(case, child=dict(case["child"], height_cm=10**12)))).encode()), b"4", b"height_cm"),
    ("a text beyond", post(json.dumps(dict(good, case=dict(case, why_urgent="x" * 9000))).encode()), b"4", b"why_urgent"),
    ("a control character", post(json.dumps(dict(good, case=dict(case, why_urgent="a\x1b[2Jb"))).encode()), b"4", b"why_urgent"),
    ("a body of 40 MiB, announced", post(b"{", length=40 << 20), b"413", b""),
    ("two lengths", post(b"{}", extra=b"Content-Length: 7\r\n"), b"400", b""),
    ("length and chunked", post(b"{}", extra=b"Transfer-Encoding: chunked\r\n"), b"400", b""),
    ("an unknown place", b"GET /v1/secrets HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404", b""),
    ("a wrong method", b"DELETE /v1/cases HTTP/1.1\r\nHost: localhost\r\n\r\n", b"405", b""),
    ("a path upwards", b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404", b""),
]
name, path = sys.argv[1], sys.argv[2]
if name == "names":
    print("\n".join(row[0] for row in rows))
else:
    row = next(row for row in rows if row[0] == name)
    got = ask(path, row[1])
    status = got.split(b" ")[1] if got.startswith(b"HTTP/1.1 ") else b"none"
    if not status.startswith(row[2]) or row[3] not in got:
        sys.exit("got %r, wanted %s with %s" % (got[:300], row[2].decode(), row[3].decode()))
PY
sent=$(at pt-farol inbox --sent -o json | jq length)
while read -r name; do check "API: $name: refused" python3 door.py "$name" pt-farol.sock; done < <(python3 door.py names .)
check "API: nothing of it was sent" [ "$(at pt-farol inbox --sent -o json | jq length)" = "$sent" ]

# --- noise on every port ------------------------------------------------------------------------------------------------
rss() { awk '/^VmRSS/ {print $2}' "/proc/${pid[$1]}/status"; }
before=$(rss relay-1)
cat >noise.py <<'PY'
import os, random, socket, sys, time
random.seed(7)
end = time.time() + float(sys.argv[1])
doors = sys.argv[2:]
greeting = b"\xff" + b"\0" * 8 + b"\x7f\x03\x00CURVE" + b"\0" * 15 + b"\0" * 32
null = b"\xff" + b"\0" * 8 + b"\x7f\x03\x00NULL" + b"\0" * 16 + b"\0" * 32
def payload():
    kind = random.randrange(8)
    noise = random.randbytes(random.choice([1, 4, 64, 1000, 70000]))
    return [noise, greeting + noise, null + b"\x04\x19\x05READY" + noise, greeting + b"\x04\xc8\x05HELLO" + random.randbytes(194),
            greeting + b"\x02" + b"\xff" * 8 + noise, b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01" + noise, b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n" + noise][kind]
held, count = [], 0
while time.time() < end:
    for door in doors:
        s = socket.socket(socket.AF_UNIX if "/" in door else socket.AF_INET)
        s.settimeout(1)
        try:
            s.connect(door if "/" in door else ("127.0.0.1", int(door)))
            s.sendall(payload())
            count += 1
        except OSError:
            pass
        held.append(s)
        if len(held) > 60: # some stay half open for a while
            held.pop(random.randrange(len(held))).close()
print(count, "connections")
PY
python3 noise.py 4 "${port[relay-1]}" "${port[relay-1-admin]}" "${port[relay-2]}" "${port[pt-farol]}" "${port[es-faro]}" "$work/pt-farol.sock" "$work/es-faro.sock" >noise.log 2>&1 &
pid[noise]=$!
for i in 1 2 3; do delivered "under noise, $i"; done
check "noise: was made" within 20 gone "${pid[noise]}"
wait "${pid[noise]}" 2>/dev/null
unset 'pid[noise]'
check "noise: came to a thousand connections and more" bash -c '[ "$(sed "s/ .*//" noise.log)" -ge 1000 ]'
for d in relay-1 relay-2 pt-farol es-faro; do check "$d: still runs" running $d; done
grown() { local kib=$(($(rss relay-1) - before)); [ $kib -lt 98304 ] || { echo "$kib KiB more"; return 1; }; }
check "relay-1: did not grow by it" grown
check "relay-1: admin still answers" within 20 python3 -c 'import sys, urllib.request as u; u.urlopen("http://127.0.0.1:%s/readyz" % sys.argv[1], timeout=5)' "${port[relay-1-admin]}"
check "nodes: still connected" all_of connected pt-farol es-faro nl-baak
delivered "after the noise"
check "no case in any log" no_text 'Canary|Leonor|Oriente' relay-1.log relay-2.log pt-farol.log es-faro.log nl-baak.log
for d in relay-1 relay-2 "${members[@]}"; do check "$d: stops, status 0" down "$d"; done
finish

#!/usr/bin/env bash
# The console under pressure, behind a declared proxy: bodies of 10 MiB, slow bodies, 1,000 connections, 100 logins a second. All of it is
# bounded and counted; whoever is logged in works on, his stream brings the alert, and who logs in from elsewhere gets in. A page that saves as
# it is typed fills no audit log; a session that is over by its time ends its stream.
# usage: 58-console.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
. "$here/console.sh"
desk=pt-farol host=desk.example.org
from() { printf -- '--header\nX-Forwarded-For: %s\n' "$1"; }
log_in_from() { log_in "$1" "$2" --header "X-Forwarded-For: $3"; } # log_in_from USER JAR ADDRESS
metric() { python3 "$here/console.py" "${port[pt-farol]}" GET /metrics | awk -v m="$1" '$1 == m {print $2}'; }
counts() { local n; n=$(metric "$1"); [ "${n:-0}" -ge "$2" ] || { echo "$1 is ${n:-missing}, not $2"; return 1; }; } # counts METRIC LEAST
is() { local n; n=$(metric "$1"); [ "$n" = "$2" ] || { echo "$1 is ${n:-missing}, not $2"; return 1; }; }
memory() { awk '/VmHWM/ {print int($2 / 1024)}' "/proc/${pid[pt-farol]}/status"; }

authority
add_relay relay-1
add_node pt-farol PT "" "console_proxy: https://$host"
add_node es-faro ES
sign
everyone_up
for user in anna bert; do check "user add: $user" cli 0 pt-farol user add $user --role operator --password-file pw; done
check "anna: logged in" log_in_from anna anna 198.51.100.7
before=$(memory)

# --- attackers, all at once, for six seconds; honest people meanwhile ------------------------------------------------------
cat >attack.py <<'PY'
import collections, http.client, json, resource, socket, sys, threading, time
port, kind, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
end, seen = time.monotonic() + seconds, collections.Counter()
HEAD = "Host: desk.example.org\r\nContent-Type: application/json\r\n"

def connect():
    return socket.create_connection(("127.0.0.1", port), timeout=20)

def crowd():  # 1,000 connections, every other one with a body that drips; whoever is shut comes again
    held = []
    while time.monotonic() < end:
        while len(held) < 1000 and time.monotonic() < end:
            s = connect()
            s.setblocking(False)
            try:
                if len(held) % 2:
                    s.send(f"POST /v1/session HTTP/1.1\r\n{HEAD}Content-Length: 4000\r\n\r\n".encode())
            except OSError:
                pass
            held.append(s)
            seen["connections"] += 1
        kept = []
        for s in held:
            try:
                s.send(b"x") if id(s) % 2 else s.recv(1, socket.MSG_PEEK)
                kept.append(s)
            except BlockingIOError:
                kept.append(s)
            except OSError:
                s.close()
        held = kept
        time.sleep(0.1)

def one_login(i):
    try:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        line.request("POST", "/v1/session", json.dumps({"user": f"nobody{i % 7}", "password": "x" * 12}),
                     {"Host": "desk.example.org", "Content-Type": "application/json", "X-Forwarded-For": "192.0.2.66"})
        seen[line.getresponse().status] += 1
    except OSError:
        seen["shut"] += 1

def logins():  # 100 a second, of one address
    threads, i, begin = [], 0, time.monotonic()
    while time.monotonic() < end:
        threads.append(threading.Thread(target=one_login, args=(i,)))
        threads[-1].start()
        i += 1
        time.sleep(max(0, begin + i / 100 - time.monotonic()))
    [t.join() for t in threads]

def one_body(path, headers):
    s = connect()
    try:
        s.sendall(f"POST {path} HTTP/1.1\r\n{HEAD}{headers}\r\n".encode())
        for _ in range(640):
            s.sendall(b"4000\r\n" + b"[" * 0x4000 + b"\r\n" if "chunked" in headers else b"[" * 0x4000)
    except OSError:
        pass
    try:
        seen[s.recv(16).decode(errors="replace")[9:12] or "shut"] += 1
    except OSError:
        seen["shut"] += 1
    s.close()

def bodies():  # 10 MiB, said and not said, to where little belongs and to where pictures belong
    while time.monotonic() < end:
        for path in "/v1/session", "/v1/cases", "/v1/photos":
            one_body(path, "Content-Length: 10485760\r\n")
            one_body(path, "Transfer-Encoding: chunked\r\n")

{"crowd": crowd, "logins": logins, "bodies": bodies}[kind]()
print(json.dumps(seen))
PY
cat >honest.py <<'PY'
import http.client, json, sys, time
port, jar, seconds = int(sys.argv[1]), json.load(open(sys.argv[2])), float(sys.argv[3])
end, calls, worst = time.monotonic() + seconds, 0, 0
while time.monotonic() < end:
    begin = time.monotonic()
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    line.request("GET", "/v1/cases", headers={"Host": "desk.example.org", "Cookie": jar["cookie"]})
    answer = line.getresponse()
    assert answer.status == 200, answer.status
    answer.read()
    calls, worst = calls + 1, max(worst, time.monotonic() - begin)
    time.sleep(0.05)
print(json.dumps({"calls": calls, "worst_ms": int(worst * 1000)}))
PY
python3 "$here/stream.py" "${port[pt-farol]}" --jar anna.jar --host $host >anna.stream 2>&1 &
pid[stream]=$!
check "anna: reads events" within 10 grep -q OPEN anna.stream
for kind in crowd logins bodies; do
    python3 attack.py "${port[pt-farol]}" $kind 6 >$kind.json 2>$kind.err &
    pid[$kind]=$!
done
python3 honest.py "${port[pt-farol]}" anna.jar 6 >honest.json 2>honest.err &
pid[honest]=$!
draft case.json Leonor
check "an alert meanwhile" publish es-faro case.json es.json --live --to PT --confirm Leonor --wait delivered -W 10s
check "anna: her stream brings it" within 10 grep -q case.received anna.stream
check "bert: logs in meanwhile, from elsewhere" within 20 log_in_from bert bert 198.51.100.8
for kind in crowd logins bodies honest; do
    wait "${pid[$kind]}"
    unset "pid[$kind]"
done
check "anna: each of her calls was answered" true_of '.calls >= 10' honest.json
check "anna: soon" true_of '.worst_ms < 5000' honest.json
check "the crowd was there" true_of '.connections >= 1000' crowd.json
check "100 logins a second: worked on or told to wait, nothing else" true_of '((."401" // 0) + (."429" // 0) + (.shut // 0)) >= 200 and (."401" // 0) <= 60 and (."200" // 0) == 0' logins.json
check "10 MiB of a stranger: refused, or shut" true_of '(keys - ["413", "401", "400", "shut"]) == [] and (."413" // 0) > 0' bodies.json
check "memory is bounded" test "$(memory)" -lt $((before + 600))
check "descriptors are bounded" sh -c "[ \$(ls /proc/${pid[pt-farol]}/fd | wc -l) -lt 400 ]"
check "anna: 10 MiB where a case belongs" bash -c "head -c 10485760 /dev/zero | tr '\\0' ' ' >big; python3 - ${port[pt-farol]} <<'PY'
import http.client, json, sys
jar = json.load(open('anna.jar'))
line = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]), timeout=20)
try:
    line.request('POST', '/v1/cases', open('big', 'rb').read(), {'Host': 'desk.example.org', 'Cookie': jar['cookie'], 'X-CSRF-Token': jar['csrf'], 'Content-Type': 'application/json'})
except OSError:
    pass  # it is refused before it was sent
assert line.getresponse().status == 413
PY"

# --- all of it is counted ---------------------------------------------------------------------------------------------------
check "metrics: logins" is hotline_node_logins_total 2
check "metrics: wrong ones" counts hotline_node_logins_refused_total 5
check "metrics: those that were told to wait" counts hotline_node_logins_put_off_total 100
check "metrics: sessions" is hotline_node_sessions 2
check "metrics: streams" is hotline_node_event_streams 1
check "metrics: calls at the console" counts hotline_node_console_api_total 200
check "metrics: answers of it, refused" counts 'hotline_http_answers_refused_total{listener="console"}' 100
check "metrics: bodies refused before anybody looked" counts 'hotline_http_refused_total{listener="console"}' 1
check "metrics: connections shut" counts 'hotline_http_shut_total{listener="console"}' 500
check "metrics: at the socket none was" is 'hotline_http_shut_total{listener="socket"}' 0
check "another site" answers 403 GET /v1/cases --jar anna.jar --header "Origin: https://foreign.example"
check "metrics: another site" counts hotline_node_api_foreign_total 1
check "no session" answers 401 GET /v1/cases
check "metrics: no session" counts hotline_node_api_strangers_total 1
check "not allowed" answers 403 GET /v1/users --jar anna.jar
check "metrics: not allowed" counts hotline_node_api_forbidden_total 1
check "metrics: messages that wake people" is hotline_node_dispatch_waiting 0

# --- a page that saves as it is typed ---------------------------------------------------------------------------------------
check "a draft" answers 201 POST /v1/drafts '{"case": {"category": "RUNAWAY"}}' --jar anna.jar --csrf --header "Idempotency-Key: typed-12345678"
id=$(body | jq -r .id)
etag=$(body | jq -r .etag)
types() { # types JAR WORDS...: one save for each
    local word
    for word in "${@:2}"; do
        answers 200 PUT "/v1/drafts/$id" "$(jq -n --arg w "$word" '{case: {category: "RUNAWAY", child: {given_name: $w}}}')" \
            --jar "$1.jar" --csrf --header "If-Match: $etag" || return 1
        etag=$(body | jq -r .etag)
    done
}
check "anna types" types anna L Le Leo Leon Leono Leonor
check "bert types" types bert Leonora Leonor
check "anna types again" types anna Leonor Leono
noted() { at pt-farol audit -n 200 -o json | jq -e --arg who "$1" --arg s "draft $id" --argjson n "$2" '[.[] | select(.act == "PUT /v1/drafts/{draft}" and .who == $who and .subject == $s)] | length == $n'; }
check "audit: anna once, with the draft's id" noted anna 1
check "audit: bert once" noted bert 1
check "audit: who made it" true_of --arg s "draft $id" 'any(.[]; .act == "POST /v1/drafts" and .who == "anna" and .subject == $s)' <(at pt-farol audit -n 200 -o json)
check "audit: nothing of what was typed" not grep -q Leono <(at pt-farol audit -n 200 -o json)

# --- a session's end ----------------------------------------------------------------------------------------------------------
if cc -shared -fPIC -O1 -o shift.so "$here/shift_clock.c" 2>cc.log && ! grep -aq __asan_init "$bin/hotline-node"; then
    check "pt-farol: down" down pt-farol
    printf '%-31s\n' 0 >moved
    launch="env LD_PRELOAD=$work/shift.so SHIFT_STEADY=1 SHIFT_FILE=$work/moved" up pt-farol
    check "pt-farol: up, with a clock that can be moved" within 20 connected pt-farol
    python3 "$here/stream.py" "${port[pt-farol]}" --jar anna.jar --host $host >late.stream 2>&1 &
    pid[late]=$!
    check "anna: still logged in" within 10 grep -q OPEN late.stream
    python3 "$here/stream.py" pt-farol.sock >account.stream 2>&1 &
    pid[account]=$!
    check "the account reads too" within 10 grep -q OPEN account.stream
    printf '%-31s\n' $((13 * 3600)) | dd of=moved conv=notrunc status=none
    check "thirteen hours later: her stream has ended" within 15 grep -q '^END$' late.stream
    check "and her session" answers 401 GET /v1/session --jar anna.jar
    check "the account's goes on" not grep -q '^END$' account.stream
else
    skip "a session's end" "needs a C compiler for shift_clock.c, and no sanitizer that wants to be loaded first"
fi
for m in pt-farol es-faro; do check "$m: stops" down $m; done
finish

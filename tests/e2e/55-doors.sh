#!/usr/bin/env bash
# What comes to a console's door besides its people: floods of logins and connections, bodies without end; consoles that are armed,
# counted and believed; a door that is open beyond this machine, with TLS or not at all. Users, roles and the log: 55-users.sh.
# usage: 55-doors.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
. "$here/console.sh"
desk=pt-farol
two_hotlines
draft case.json Leonor
for role in supervisor operator it; do
    check "user add: $role" user_add "$role"
    check "$role: logged in" log_in "p-$role" "$role"
done

# --- floods -----------------------------------------------------------------------------------------------------------
flood() { # flood: 100 logins at once, each as another user of another page: few are worked on, all are answered, and the API goes on
    python3 - "${port[pt-farol]}" <<'PY'
import collections, http.client, json, sys, threading, time
port, seen = int(sys.argv[1]), collections.Counter()
def one(i):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.request("POST", "/v1/session", json.dumps({"user": f"flood{i}", "password": "x" * 12}), {"Content-Type": "application/json"})
    seen[line.getresponse().status] += 1
threads = [threading.Thread(target=one, args=(i,)) for i in range(100)]
[t.start() for t in threads]
begin = time.monotonic()
line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
line.request("GET", "/healthz")
assert line.getresponse().status == 200
health = time.monotonic() - begin
[t.join() for t in threads]
print(dict(seen), f"health after {health:.2f} s")
sys.exit(not (seen[401] + seen[429] == 100 and seen[429] >= 60 and health < 5))
PY
}
check "a hundred logins at once: few are worked on" flood
memory() { awk '/VmHWM/ {print int($2 / 1024)}' "/proc/${pid[pt-farol]}/status"; }
check "and not in a gigabyte" test "$(memory)" -lt 700
check "a user to be kept out" cli 0 pt-farol user add p-known --role operator --password-file pw
check "a flood from many addresses: who was here before gets in" python3 "$here/login_flood.py" "${port[pt-farol]}" "${pid[pt-farol]}" p-known "$(head -n 1 pw)" 8
crowd() { # crowd: 1,000 connections, most of them silent or slow; who asks gets in
    python3 - "${port[pt-farol]}" <<'PY'
import http.client, resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
port, held = int(sys.argv[1]), []
for i in range(1000):
    s = socket.create_connection(("127.0.0.1", port), timeout=10)
    if i % 2:
        s.send(b"POST /v1/photos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\nslow")
    held.append(s)
for _ in range(20):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    line.request("GET", "/healthz")
    assert line.getresponse().status == 200
PY
}
check "a thousand connections: who asks gets in" crowd
check "descriptors are bounded" sh -c "[ \$(ls /proc/${pid[pt-farol]}/fd | wc -l) -lt 400 ]"
check "ten megabytes of nobody" bash -c "printf 'POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10485760\r\n\r\n' >/dev/tcp/127.0.0.1/${port[pt-farol]}"
check "are refused by their length" answers 413 POST /v1/session "\"$(head -c 5000 /dev/zero | tr '\0' x)\""
check "a deep body is refused" answers 422 POST /v1/session "$(python3 -c 'print("{\"user\":" + "[" * 2000 + "]" * 2000 + "}")')"

check "whoever is unknown stands in no log" bash -c "! '$bin/hotline' --node pt-farol.sock audit -n 500 --after 0 -o json | grep flood"

# --- armed consoles ---------------------------------------------------------------------------------------------------
console=00112233445566778899aabbccddeeff
pt_at_es() { at es-faro members -o json | true_of --argjson n "$1" '.[] | select(.id == "pt-farol") | .armed_consoles == $n'; } # pt_at_es COUNT
at_console() { answers "$1" POST "$2" "$3" --jar "${4:-supervisor.jar}" --csrf; }
check "es-faro: a case for Portugal" publish es-faro case.json es.json --live --to PT --confirm Leonor --wait delivered -W 10s
es=$(jq -r .reference es.json)
check "pt-farol: nothing is shown while no console is armed" at_console 403 "/v1/cases/$es/shown" '{"revision": 1}'
check "es-faro: nobody is armed there" pt_at_es 0
check "pt-farol: a console is armed" at_console 204 /v1/console/arm "{\"console\": \"$console\", \"languages\": [\"pt\", \"en\"]}"
check "es-faro: learns how many" within 15 pt_at_es 1
check "es-faro: and what is spoken" true_of '.[] | select(.id == "pt-farol") | .duty_languages == ["pt", "en"]' <(at es-faro members -o json)
check "still there" at_console 204 /v1/console/alive "{\"console\": \"$console\"}"
check "not by another" at_console 404 /v1/console/alive "{\"console\": \"$console\"}" operator.jar
check "not by IT" at_console 403 /v1/console/alive "{\"console\": \"$console\"}" it.jar
check "a language that is none" at_console 422 /v1/console/arm "{\"console\": \"$console\", \"languages\": [\"klingon!\"]}"
check "pt-farol: shown" at_console 204 "/v1/cases/$es/shown" '{"revision": 1}'
check "again is fine" at_console 204 "/v1/cases/$es/shown" '{"revision": 1}'
check "an old revision is not" at_console 403 "/v1/cases/$es/shown" '{"revision": 7}'
check "es-faro: SHOWN" within 10 ladder es-faro "$es" pt-farol SHOWN
check "pt-farol: disarmed" at_console 204 /v1/console/disarm "{\"console\": \"$console\"}"
check "es-faro: nobody is armed there any more" within 15 pt_at_es 0

# --- beyond this machine ----------------------------------------------------------------------------------------------
config() { sed "s|^console: .*|console: $1|" pt-farol.yaml >other.yaml; printf '%s\n' "${@:2}" >>other.yaml; }
checked() { exits "$1" "$bin/hotline-node" --config other.yaml --check-config; }
config 0.0.0.0:9461
check "in clear beyond this machine is refused (2)" checked 2
check "by its line, and with what to do" says 'other.yaml:[0-9]+:[0-9]+: console: .*in clear.*console_tls.certificate.*or stand on loopback'
config 0.0.0.0:9461 'console_proxy: http://desk.example.org'
check "a proxy without TLS is refused (2)" checked 2
config 0.0.0.0:9461 'console_proxy: https://desk.example.org'
check "behind a declared proxy, yes" checked 0
config 0.0.0.0:9461 'console_tls: {certificate: cert.pem}'
check "a certificate without its key is refused (2)" checked 2
if command -v openssl >/dev/null; then
    check "a certificate" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost
    chmod 600 key.pem
    check "pt-farol: down" down pt-farol
    config "127.0.0.1:${port[pt-farol]}" 'console_name: desk.example.org' 'console_tls: {certificate: cert.pem, key: key.pem}'
    check "with TLS" checked 0
    mv other.yaml pt-farol.yaml
    up pt-farol
    check "pt-farol: back with TLS" within 20 connected pt-farol
    tls() { # tls STATUS HOST ORIGIN: a login by TLS; the cookie is for TLS alone
        python3 - "${port[pt-farol]}" "$@" <<'PY'
import http.client, json, ssl, sys
port, status, host, origin = sys.argv[1:]
anyone = ssl.create_default_context(cafile="cert.pem")
anyone.check_hostname = False
line = http.client.HTTPSConnection("127.0.0.1", int(port), context=anyone, timeout=30)
line.request("POST", "/v1/session", json.dumps({"user": "p-it", "password": "correct horse battery staple"}),
             {"Content-Type": "application/json", "Host": host, "Origin": origin})
answer = line.getresponse()
print(answer.status, answer.headers.get("Set-Cookie"), answer.read().decode())
sys.exit(not (answer.status == int(status) and (status != "200" or answer.headers["Set-Cookie"].endswith("; Secure"))))
PY
    }
    check "login by TLS" tls 200 desk.example.org https://desk.example.org
    check "a page in clear of that name is another" tls 403 desk.example.org http://desk.example.org
    check "a foreign name" tls 403 rebound.example https://rebound.example
    check "in clear there is nothing" not answers 200 GET /healthz
else
    skip "TLS" "there is no openssl to make a certificate"
fi
check "pt-farol: its log holds no secret and no name of a child" no_text "$secret|Leonor|flood" pt-farol.log
check "pt-farol: stops" down pt-farol
finish

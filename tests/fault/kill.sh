#!/usr/bin/env bash
# Cases published by two hotlines while relays and nodes are killed (-9) at random and started again. Afterwards every case of
# which a publisher was told "accepted" is in every routed inbox exactly once, every receipt is back, and nothing else is there;
# all within 60 s of the last fault.
# usage: kill.sh BUILD [CASES]        (500 cases unless told; SEED=n replays the schedule of a seed)
set -u
. "$(dirname "$0")/../e2e/lib.sh"
cases=${2:-500}
SEED=${SEED:-$(($(date +%s) % 100000))}
pace=0.4 # seconds between a publisher's cases, so that there is time to kill in
begin "$@"
echo "seed $SEED, $cases cases"
fast=('limits:' '  openings_per_minute: 10000' '  updates_per_minute: 10000')
authority
for r in relay-1 relay-2 relay-3; do add_relay $r "${fast[@]}"; done
add_node pt-farol PT
add_node es-faro ES "FR"
add_node fr-phare FR
add_node nl-baak NL "PT"
add_node be-baken BE
sign
everyone_up
draft case.json Leonor

# Each publisher's cases concern the same countries, so that the route is known beforehand.
declare -A to=([pt-farol]=ES,FR [fr-phare]=PT,BE)
# es-faro subscribes to FR, nl-baak to PT: to a concerned or the sending country.
declare -A routed=([pt-farol]="es-faro fr-phare nl-baak" [fr-phare]="be-baken es-faro nl-baak pt-farol")

# --- publishing: one process for each publisher; a call that is cut off is tried again with the same idempotency key ----------
publisher() { # publisher MEMBER COUNT: references of which the node said "accepted" into MEMBER.accepted
    python3 - "$work/$1.sock" "$work/case.json" "${to[$1]}" "$2" "$work/$1.accepted" $pace <<'PY'
import http.client, json, socket, sys, time, uuid
path, case, to, count, out, pace = sys.argv[1:]
case = json.load(open(case))

class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(path)

def ask(method, url, body=None, key=None):
    connection = Unix("localhost", timeout=5)
    try:
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        connection.request(method, url, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()

def insist(*request):
    end = time.time() + 120
    while True:
        try:
            status, answer = ask(*request)
            if status < 500:
                return status, answer
        except (OSError, http.client.HTTPException, ValueError):
            pass
        if time.time() > end:
            sys.exit("no answer for two minutes")
        time.sleep(0.05)

with open(out, "w") as accepted:
    for number in range(int(count)):
        case["why_urgent"] = "number %d" % number
        body = {"case": case, "status": "ACTUAL", "to": to.split(","), "confirm": case["child"]["given_name"]}
        status, made = insist("POST", "/v1/cases", body, str(uuid.uuid4()))
        if status not in (200, 201):
            sys.exit("%d %s" % (status, made))
        end = time.time() + 60
        while True: # the operator's "accepted": two relays have it on disk
            status, shown = insist("GET", "/v1/cases/" + made["case_id"])
            if status == 200 and shown["accepted_by"] >= 2:
                print(made["reference"], made["case_id"], number, file=accepted, flush=True)
                break
            if time.time() > end:
                print(made["reference"], "was not accepted in a minute", file=sys.stderr)
                break
            time.sleep(0.02)
        time.sleep(float(pace))
PY
}

# --- faults: one thing at a time is killed, sometimes two, each back after a short while ------------------------------------
RANDOM=$SEED
victims=("${relays[@]}" "${relays[@]}" "${members[@]}")
declare -A kills
pick() { victim=${victims[$((RANDOM % ${#victims[@]}))]}; }
strike() {
    local second
    pick
    second=$victim
    murder "$victim"
    kills[$victim]=$((${kills[$victim]:-0} + 1))
    if [ $((RANDOM % 4)) = 0 ]; then
        pick
        if [ "$victim" != "$second" ]; then
            murder "$victim"
            kills[$victim]=$((${kills[$victim]:-0} + 1))
            up "$victim"
        fi
    fi
    sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
    up "$second"
}
started=$(now_ms)
publisher pt-farol $(((cases + 1) / 2)) 2>pt-farol.err &
first=$!
publisher fr-phare $((cases / 2)) 2>fr-phare.err &
second=$!
pid[publisher-1]=$first pid[publisher-2]=$second
strikes=0
while { ! gone $first || ! gone $second; } && [ $(($(now_ms) - started)) -lt 1500000 ]; do
    strike
    strikes=$((strikes + 1))
    sleep "0.$((RANDOM % 5))"
done
check "publishers: came through" bash -c "! [ -s pt-farol.err ] && ! [ -s fr-phare.err ] || { cat *.err; false; }"
accepted=$(cat pt-farol.accepted fr-phare.accepted | wc -l)
check "accepted: all $cases" [ "$accepted" = "$cases" ]

# --- the faults are over ------------------------------------------------------------------------------------------------
over=$(now_ms)
settled() { # settled MEMBER: its inbox is what was accepted for it, each exactly once, in its content
    python3 - "$1" "$work" <(at "$1" inbox -o json) <<'PY'
import collections, json, sys
member, work, inbox = sys.argv[1:]
routed = {"pt-farol": ["es-faro", "fr-phare", "nl-baak"], "fr-phare": ["be-baken", "es-faro", "nl-baak", "pt-farol"]}
wanted = {(sender, line.split()[0], line.split()[1])
          for sender, recipients in routed.items() if member in recipients for line in open("%s/%s.accepted" % (work, sender))}
got = collections.Counter((one["member"], one["reference"], one["case_id"]) for one in json.load(open(inbox)))
twice = [one for one, count in got.items() if count > 1]
lost, extra = wanted - set(got), set(got) - wanted
if twice or lost or extra:
    sys.exit("%s: %d lost, %d twice, %d that nobody was told accepted; first %s" %
             (member, len(lost), len(twice), len(extra), (sorted(lost) + twice + sorted(extra))[:1]))
PY
}
answered() { # answered MEMBER: every case that it sent is DELIVERED for every recipient
    python3 - "$work/$1.sock" "$work/$1.accepted" "${routed[$1]}" <<'PY'
import http.client, json, socket, sys
path, accepted, routed = sys.argv[1:]
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(path)
connection = Unix("localhost", timeout=5)
late = []
for line in open(accepted):
    connection.request("GET", "/v1/cases/" + line.split()[1])
    shown = json.loads(connection.getresponse().read())
    ladder = {row["member"]: row["state"] for row in shown["ladder"]}
    if sorted(ladder) != routed.split() or set(ladder.values()) != {"DELIVERED"}:
        late.append((line.split()[0], ladder))
if late:
    sys.exit("%d cases without every receipt; first %s" % (len(late), late[0]))
PY
}
left() { echo $((60 - ($(now_ms) - over) / 1000 > 1 ? 60 - ($(now_ms) - over) / 1000 : 1)); }
for m in "${members[@]}"; do check "$m: connected again" within "$(left)" connected "$m"; done
for m in "${members[@]}"; do check "$m: every accepted case exactly once" within "$(left)" settled "$m"; done
for m in pt-farol fr-phare; do check "$m: every receipt is back" within "$(left)" answered "$m"; done
converged=$((($(now_ms) - over) / 1000))
for d in "${relays[@]}" "${members[@]}"; do check "$d: stops, status 0" down "$d"; done
for d in "${relays[@]}" "${members[@]}"; do check "$d: its store is whole" h db check "$d.db"; done
for d in "${relays[@]}" "${members[@]}"; do check "$d: no failure in its log" not grep -qE 'level=error|AddressSanitizer|CHECK' "$d.log"; done
printf 'seed %s: %s cases accepted, %s strikes in %s s, all there %s s after the last; killed:' "$SEED" "$accepted" "$strikes" \
    $(((over - started) / 1000)) "$converged"
for d in "${relays[@]}" "${members[@]}"; do printf ' %s %s' "$d" "${kills[$d]:-0}"; done
echo
[ $failed = 0 ] || echo "to replay the schedule: SEED=$SEED tests/fault/kill.sh BUILD $cases"
finish

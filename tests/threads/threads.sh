#!/usr/bin/env bash
# Every thread of relay and node at work at once, in programs built with the thread sanitizer: commits, reads and backups on
# the store's thread, passwords on libuv's pool, a name in curl's resolver, ZeroMQ's own, while all is reloaded, a relay and a
# recipient are killed and come back, and everybody is stopped in the middle of it. Whoever runs it looks for reports.
# usage: threads.sh BUILD (of SAN=thread; tests/run threads says with which options)
. "$(dirname "$0")/../e2e/lib.sh"
begin "$@"
is_watched() { nm "$bin/$1" | grep -q ' __tsan_read8$'; }
check "built with the thread sanitizer" all_of is_watched hotline-relay hotline-node
stop_here_unless_green
secret="correct horse battery staple"
rounds=4
printf '%s\n' "$secret" >pw
chmod 600 pw
authority
add_relay relay-1
add_relay relay-2
add_node pt-farol PT "" 'webhooks:' '  loopback: true'
add_node es-faro ES "" 'retention:' '  closed_after_ack: 0s' '  closed_latest: 0s'
add_node nl-baak NL PT
sign
everyone_up
for name in anna bert; do check "user: $name" cli 0 pt-farol user add $name --role operator --password-file pw; done
check "a webhook to a name that nobody has" cli 0 pt-farol webhook add https://hook.invalid/
check "a picture" python3 "$here/picture.py" png one.png 900 700 1
for i in $(seq $rounds); do draft "case-$i.json" "Leonor-$i"; done
draft last.json Leonor-9

# --- at once ----------------------------------------------------------------------------------------------------------
sending() { # cases with a photo stay open, the others are closed
    local i photo
    for i in $(seq $rounds); do
        photo=()
        [ $((i % 2)) = 1 ] || photo=(--photo one.png)
        publish pt-farol "case-$i.json" "p$i.json" --live --to ES --confirm "Leonor-$i" "${photo[@]}" --wait accepted -W 30s || return 1
        [ ${#photo[@]} != 0 ] || at pt-farol close "$(jq -r .reference "p$i.json")" --outcome found-safe || return 1
    done
}
# Right ones, wrong ones and too many of them; health and metrics between them.
entering() {
    python3 - "${port[pt-farol]}" "${port[relay-2-admin]}" "$1" "$secret" <<'PY'
import http.client, json, sys, threading
node, relay, rounds, secret = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
seen = []
def ask(port, method, path, body=None):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    line.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
    seen.append(line.getresponse().status)
for _ in range(rounds):
    threads = [threading.Thread(target=ask, args=(node, "POST", "/v1/session", {"user": user, "password": secret}))
               for user in ("anna", "bert", "nobody", "nobody-2")]
    threads += [threading.Thread(target=ask, args=(port, "GET", path)) for port in (node, relay) for path in ("/metrics", "/healthz")]
    [one.start() for one in threads]
    [one.join() for one in threads]
print(sorted(seen))
sys.exit(seen.count(200) <= 4 * rounds) # all that was asked besides, and some who are known
PY
}
asking() { # what runs on the store's thread between two commits
    local i
    for i in $(seq $rounds); do
        at pt-farol db backup "$work/copy-$i.db" && at pt-farol audit verify && at pt-farol status -o json && at es-faro inbox || return 1
    done
}
reloading() { # until the others are done
    while [ ! -e done ]; do
        for name in relay-1 relay-2 pt-farol es-faro nl-baak; do kill -HUP "$(cat "$name.pid" 2>/dev/null)" 2>/dev/null; done
        sleep 0.3
    done
}
tell_pids() { local name; for name in "${!pid[@]}"; do echo "${pid[$name]}" >"$name.pid"; done; }
begin_work() { "${@:2}" >"$1.log" 2>&1 & task[$1]=$!; } # begin_work NAME COMMAND...
ends_well() { wait "${task[$1]}" || { echo "$(tail -n 1 "$1.log")"; return 1; }; } # ends_well NAME
declare -A task
tell_pids
begin_work sending sending
begin_work entering entering $rounds
begin_work asking asking
begin_work reloading reloading
rm relay-1.pid nl-baak.pid # a program that has not begun yet would die of what means "read again"
murder relay-1 nl-baak
up relay-1 nl-baak
check "relay-1 and nl-baak: killed, and back" within 30 connected nl-baak
tell_pids
check "cases are sent, read and closed, photos with them, while a relay and a recipient are killed" ends_well sending
check "people enter" ends_well entering
check "backups are made, the log of acts is read" ends_well asking
touch done
check "and all is read again and again" ends_well reloading
for i in $(seq $rounds); do check "case $i is at es-faro once" within 10 has es-faro "$(jq -r .reference "p$i.json")"; done
check "and is read" at es-faro ack "$(jq -r .reference p1.json)" --as Pilar
check "the last with its photo" within 20 shows es-faro "$(jq -r .reference "p$rounds.json")" '.photos_here == 1'

# --- stopped in the middle ----------------------------------------------------------------------------------------------
ended() { # ended NAME: by the TERM that it got, with status 0
    within 10 gone "${pid[$1]}" || { echo "$1 still runs"; return 1; }
    wait "${pid[$1]}" || { echo "$1: status $?, $(tail -n 1 "$1.log")"; return 1; }
}
stop_all() { # stop_all NAME [WHEN]: passwords are worked on, a name is looked up, a backup is made, a case is on its way
    local name
    begin_work entering entering 2
    begin_work backup at pt-farol db backup "$work/copy-$1.db"
    begin_work publish publish pt-farol last.json last-out.json --live --to ES --confirm Leonor-9 --photo one.png --wait accepted -W 5s
    [ -z "${2:-}" ] || within 5 "$2"
    kill "${pid[@]}"
    for name in "${!pid[@]}"; do check "$name: ends with status 0 ($1)" ended "$name"; done
    for name in entering backup publish; do wait "${task[$name]}"; done
    pid=()
}
in_the_middle() { [ -e "$work/copy-middle.db.part" ] || [ -e "$work/copy-middle.db" ] || [ -s last-out.json ]; }
stop_all middle in_the_middle
up relay-1 relay-2 pt-farol es-faro nl-baak
check "pt-farol: up again" within 20 at pt-farol status
stop_all start
finish

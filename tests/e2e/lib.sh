# shellcheck shell=bash
# Shared by the end-to-end scripts, which source it: a network of real programs in a folder of its own, ended and removed
# with it. Needs bash, jq and python3. KEEP=1 keeps the folder. Conditions are waited for with a deadline, never slept for.
#   begin "$@"; authority; add_relay relay-1; add_node nl-baak NL; sign; up relay-1 nl-baak; check NAME COMMAND...; finish
set -u
declare -A pid port
passed=0 failed=0 skipped=0

# --- the frame ------------------------------------------------------------------------------------------------------
begin() { # begin BUILD: programs, folder, clean-up
    [ -x "${1:-build}/hotline" ] || { echo "usage: $(basename "$0") BUILD (with the three programs in it)" >&2; exit 2; }
    bin=$(cd "${1:-build}" && pwd)
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    work=$(mktemp -d) || exit 2
    trap clean_up EXIT
    trap 'exit 1' INT TERM
    cd "$work" || exit 2
    free_ports
}

clean_up() {
    local p
    if [ -n "${GENTLY:-}" ]; then # make cover: a program that is killed outright writes no counts
        for p in "${pid[@]}"; do kill "$p"; done 2>/dev/null
        for p in "${pid[@]}"; do within 5 gone "$p"; done
    fi
    for p in "${pid[@]}"; do kill -9 "$p"; done 2>/dev/null
    wait 2>/dev/null
    rm -f "$port_places/$port_block"
    cd /
    if mountpoint -q "$work/disk"; then umount "$work/disk"; fi
    if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
}

check() { # check NAME COMMAND...
    local name=$1
    shift
    if "$@" >out.log 2>&1; then
        passed=$((passed + 1))
        echo "ok $name"
    else
        failed=$((failed + 1))
        echo "FAIL $name: $(tail -n 1 out.log | cut -c1-300)"
    fi
}

skip() { # skip NAME WHY: said, and counted as neither
    skipped=$((skipped + 1))
    echo "skip $1: $2"
}

finish() {
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
    exit
}

stop_here_unless_green() { [ $failed = 0 ] || { echo "no network, no alert: stopping here"; finish; }; }

# --- waiting and asking ---------------------------------------------------------------------------------------------
now_ms() { date +%s%3N; }

within() { # within SECONDS COMMAND...: until it succeeds; says what the last try said
    local end=$(($(now_ms) + $1 * 1000))
    shift
    until "$@" >within.log 2>&1; do
        [ "$(now_ms)" -lt $end ] || { tail -n 1 within.log; return 1; }
        sleep 0.05
    done
}

exits() { # exits STATUS COMMAND...: what it said is in err.log
    local want=$1 got
    shift
    timeout 20 "$@" >said.log 2>err.log </dev/null
    got=$?
    [ $got = "$want" ] || { echo "exit $got, wanted $want: $(tail -n 1 err.log)"; return 1; }
}

says() { grep -qE -- "$1" err.log || { echo "it said: $(tail -n 1 err.log)"; return 1; }; }   # says PATTERN: the last `exits`
not() { ! "$@"; }
all_of() { local one; for one in "${@:2}"; do "$1" "$one" || return 1; done; }                # all_of COMMAND ARGUMENT...
log_says() { grep -qE -- "$2" "$1.log" || { echo "log: $(tail -n 1 "$1.log")"; return 1; }; } # log_says NAME PATTERN

h() { timeout 20 "$bin/hotline" "$@" </dev/null; }
at() { timeout 60 "$bin/hotline" --node "$work/$1.sock" --no-input "${@:2}" </dev/null; }
cli() { exits "$1" "$bin/hotline" --node "$2.sock" --no-input "${@:3}"; }                     # cli STATUS MEMBER ARGUMENTS...

connected() { # connected MEMBER [RELAYS]
    local n
    n=$(at "$1" status -o json | jq '[.relays[] | select(.state=="CONNECTED")] | length')
    [ "${n:-0}" -ge "${2:-${#relays[@]}}" ] || { echo "$1: ${n:-no answer} connected"; return 1; }
}

entry() { at "$1" inbox -o json | jq -r --arg r "$2" "[.[] | select(.reference==\$r)] | $3"; } # entry MEMBER REFERENCE JQ
has() { [ "$(entry "$1" "$2" length)" = 1 ]; }                                                 # exactly once
hasnt() { [ "$(entry "$1" "$2" length)" = 0 ]; }
field() { # field MEMBER REFERENCE FIELD VALUE
    local got
    got=$(entry "$1" "$2" ".[0].$3")
    [ "$got" = "$4" ] || { echo "$1: $3 is $got, not $4"; return 1; }
}
inbox_is() { # inbox_is MEMBER COUNT
    local got
    got=$(at "$1" inbox -o json | jq length)
    [ "$got" = "$2" ] || { echo "$1: ${got:-no answer} in the inbox, not $2"; return 1; }
}
ladder() { # ladder MEMBER REFERENCE RECIPIENT STATE
    local got
    got=$(at "$1" show "$2" -o json | jq -r --arg m "$3" '.ladder[] | select(.member==$m) | .state')
    [ "$got" = "$4" ] || { echo "$3 is ${got:-not on the ladder}, not $4"; return 1; }
}
true_of() { # true_of JQ [FILE]: as jq -e, which calls no input at all a success
    local got
    got=$(jq -e "$@") && [ -n "$got" ]
}
export -f true_of # for checks of several commands, in bash -c
off_ladder() { at "$1" show "$2" -o json | true_of --arg m "$3" '[.ladder[].member] | index($m) == null'; }
shows() { at "$1" show "$2" -o json | true_of "$3"; }
roster_is() { [ "$(at "$1" status -o json | jq .roster_version)" = "$2" ]; }                   # roster_is MEMBER VERSION
publish() { at "$1" publish "$2" "${@:4}" -o json >"$3"; }                                     # publish MEMBER FILE OUT OPTIONS...
# no_text PATTERN FILES...: the files are there, and hold none of it
no_text() { ls "${@:2}" >/dev/null && ! grep -aqE "$1" "${@:2}"; }

# --- the network ----------------------------------------------------------------------------------------------------
relays=() members=()

# Below the range that the kernel gives to outgoing connections: there, a node that tries the port of a dead relay can
# meet itself, and hold the port. Forty in a row are this script's until it ends, by a file with its pid: a program that is
# killed must find its port free, and other scripts run beside this one.
free_ports() {
    local owner
    port_places=${TMPDIR:-/tmp}/hotline-ports.$UID
    mkdir -p "$port_places"
    until port_block=$((11000 + RANDOM % 520 * 40)) && (set -C && echo $$ >"$port_places/$port_block") 2>/dev/null; do
        owner=$(cat "$port_places/$port_block" 2>/dev/null)
        [ -z "$owner" ] || kill -0 "$owner" 2>/dev/null || rm -f "$port_places/$port_block"
    done
    mapfile -t free < <(python3 - "$port_block" <<'PY'
import socket, sys
for port in range(int(sys.argv[1]), int(sys.argv[1]) + 40):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
            print(port)
        except OSError:
            pass
PY
    )
}
take_port() { port[$1]=${free[0]}; free=("${free[@]:1}"); }                                    # take_port NAME: into port[NAME]

authority() { check "authority: init" h roster init net --no-passphrase "$@"; }

add_relay() { # add_relay ID [LINE...]: key, roster, configuration with more lines
    local id=$1
    shift
    take_port "$id"
    take_port "$id-admin"
    relays+=("$id")
    check "$id: key" h key generate --relay "$id" --country BE --name "Relay $id" \
        --endpoint "tcp://127.0.0.1:${port[$id-public]:-${port[$id]}}" -o "$id.key" --request "$id.request" --no-passphrase
    check "$id: on the roster" h roster add net "$id.request"
    printf '%s\n' "relay: $id" "key: $id.key" 'authority: net/authority.pub' 'roster: roster.signed' "store: $id.db" \
        "listen: tcp://127.0.0.1:${port[$id]}" "admin: 127.0.0.1:${port[$id-admin]}" "$@" >"$id.yaml"
}

configure_node() { # configure_node ID SUBSCRIPTIONS [LINE...]
    printf '%s\n' "member: $1" "key: $1.key" 'authority: net/authority.pub' 'roster: roster.signed' "store: $1.db" \
        "socket: $1.sock" "console: 127.0.0.1:${port[$1]}" "subscriptions: [$2]" "${@:3}" >"$1.yaml"
}

add_node() { # add_node ID COUNTRY [SUBSCRIPTIONS [LINE...]]
    local id=$1 country=$2
    take_port "$id"
    members+=("$id")
    check "$id: key" h key generate --member "$id" --country "$country" --name "Hotline $country" -o "$id.key" \
        --request "$id.request" --no-passphrase
    check "$id: on the roster" h roster add net "$id.request" --role hotline --phone "+3225550000"
    configure_node "$id" "${3:-}" "${@:4}"
}

sign() { check "roster: signed" h roster sign net -o roster.signed "$@"; }

up() { # up NAME...: the relays and nodes of these names
    local name kind
    for name in "$@"; do
        if grep -q '^relay:' "$name.yaml"; then kind=relay; else kind=node; fi
        ${launch:-} "$bin/hotline-$kind" --config "$name.yaml" >>"$name.log" 2>&1 &
        pid[$name]=$!
    done
}
gone() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
running() { [ -n "${pid[$1]:-}" ] && ! gone "${pid[$1]}"; }
murder() { # murder NAME...: kill -9; for make cover at a signal at which it writes its counts first (tests/cover/counts.c)
    local name
    for name in "$@"; do
        [ -z "${GENTLY:-}" ] || { kill -s RTMIN+5 "${pid[$name]}" && within 3 gone "${pid[$name]}"; }
        kill -9 "${pid[$name]}"
        wait "${pid[$name]}"
        unset "pid[$name]"
    done 2>/dev/null
}
down() { # down NAME: SIGTERM, gone within 5 s, status 0
    local status
    kill "${pid[$1]}" || return 1
    within 5 gone "${pid[$1]}" || { echo "$1 still runs"; return 1; }
    wait "${pid[$1]}" 2>/dev/null
    status=$?
    unset "pid[$1]"
    [ $status = 0 ] || { echo "$1 ended with status $status: $(tail -n 1 "$1.log")"; return 1; }
}
everyone_up() { # every relay and node, all connected
    local name
    up "${relays[@]}" "${members[@]}"
    for name in "${members[@]}"; do check "$name: connected to every relay" within 20 connected "$name"; done
    stop_here_unless_green
}

# --- fictional cases ------------------------------------------------------------------------------------------------
draft() { # draft FILE GIVEN-NAME [JQ]: the case of case.json under another name, last seen an hour ago
    jq --arg n "$2" --arg t "$(date -u -d '-1 hour' +%Y-%m-%dT%H:%M:%SZ)" \
        ".child.given_name=\$n | .last_seen.at=\$t | ${3:-.}" "$here/case.json" >"$1"
}

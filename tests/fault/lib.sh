# shellcheck shell=bash
# Shared by the scripts of faults: one network, whose publishers are told what is accepted; each scenario ends with `whole`.
#   begin "$@"; small_network; scene NAME "what must hold"; ...; whole; finish
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
faults=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
here=$(cd "$faults/../e2e" && pwd)
# shellcheck disable=SC2034 # read by the scripts
FAULT=${FAULT:-all} # short: the selection of `make test`
publishers=(pt-farol)
# Given to the child: wherever nobody but publisher and recipients may look, none of it may be found.
canary=Wieringerwerf
scenario=

story() { python3 "$faults/history.py" "$1" "$work" "${@:2}"; }

scene() { scenario=$1; echo "-- $1: $2"; } # scene NAME WHAT-MUST-HOLD

# Three relays, a publisher, two recipients; `fast` lifts the rate limits, so that a scenario may send as it likes.
fast=('limits:' '  openings_per_minute: 10000' '  updates_per_minute: 10000')
keep=('retention: {closed_after_ack: 1s, closed_latest: 1h, sent_in_error_after_ack: 1s, sent_in_error_latest: 1h}')
small_network() { # small_network [RELAYS]
    local r
    authority
    for r in $(seq 1 "${1:-3}"); do add_relay "relay-$r" "${fast[@]}"; done
    add_node pt-farol PT "" "${keep[@]}"
    add_node es-faro ES "" "${keep[@]}"
    add_node fr-phare FR "" "${keep[@]}"
    sign
    printf 'pt-farol ES,FR es-faro fr-phare\n' >routes
    draft case.json $canary
}
start() { everyone_up; send 1; check "$scenario: before the fault, all is well" whole_now 20; }

send() { check "$scenario: $1 accepted" story publish pt-farol "$@"; } # send COUNT [PACE]

connected_all() { local m; for m in "${members[@]}"; do connected "$m" || return 1; done; }
settled_all() { local m; for m in "${members[@]}"; do story settled "$m" || return 1; done; }
answered_all() { local m; for m in "${publishers[@]}"; do story answered "$m" || return 1; done; }
no_canary() { # neither in a relay's files nor in any log
    local r
    for r in "${relays[@]}"; do no_text $canary "${disk[$r]:-$r.db}"* || { echo "$r: its store holds the canary"; return 1; }; done
    no_text $canary ./*.log || { echo "a log holds the canary"; return 1; }
}
declare -A disk
whole_now() { # whole_now SECONDS: within them, everything that was accepted is where it belongs
    local end=$(($(now_ms) + $1 * 1000)) what
    for what in connected_all settled_all answered_all; do
        within $((end - $(now_ms) > 1000 ? (end - $(now_ms)) / 1000 : 1)) $what || return 1
    done
    no_canary
}
whole() { check "$scenario: nothing lost, nothing twice, every receipt back, no canary" whole_now "${1:-60}"; }

audit_whole() { # audit_whole MEMBER: unbroken, and an entry for each case that its people published
    local told=0 entries
    [ ! -e "$1.accepted" ] || told=$(wc -l <"$1.accepted")
    entries=$(at "$1" audit verify) || return 1
    [ "${entries%% *}" -ge "$told" ] || { echo "$told cases were published; the log: $entries"; return 1; }
}
# At its most a program took this much memory, and now holds so many descriptors; a sanitizer's own memory is not counted.
bounded() { # bounded NAME
    local kib fds
    kib=$(awk '/^VmHWM/ {print $2}' "/proc/${pid[$1]}/status") fds=$(find "/proc/${pid[$1]}/fd" -mindepth 1 | wc -l)
    [ "$kib" -lt 262144 ] || grep -aq __asan_init "$bin/hotline-node" || { echo "$kib KiB"; return 1; }
    [ "$fds" -lt 100 ] || { echo "$fds descriptors"; return 1; }
}
stop_all() { # each audit chain verifies, every process stops with status 0, its store is whole, its log has no failure that was not foretold
    local d foretold=${1:-nothing that is foretold}
    scenario=stop
    for d in "${members[@]}"; do check "$d: its audit chain verifies" audit_whole "$d"; done
    for d in "${relays[@]}" "${members[@]}"; do check "$d: memory and descriptors are bounded" bounded "$d"; done
    for d in "${relays[@]}" "${members[@]}"; do check "$d: stops, status 0" down "$d"; done
    for d in "${relays[@]}" "${members[@]}"; do check "$d: its store is whole" h db check "${disk[$d]:-$d.db}"; done
    for d in "${relays[@]}" "${members[@]}"; do
        check "$d: no failure in its log" bash -c "! grep -E 'level=(error|fatal)|AddressSanitizer|CHECK' '$d.log' | grep -vE '$foretold'"
    done
}

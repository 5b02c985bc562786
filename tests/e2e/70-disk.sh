#!/usr/bin/env bash
# Full disks: a node or relay short of room refuses new cases in words and lets closings pass; one without any room stops in
# words; nothing is half done, and all is well again with room.
# usage: 70-disk.sh BUILD                            (needs root, for a small tmpfs)
. "$(dirname "$0")/lib.sh"
begin "$@"
mkdir disk
if [ "$(id -u)" != 0 ] || ! mount -t tmpfs -o size=12m,mode=700 none disk 2>mount.log; then
    skip "full disks" "no tmpfs can be mounted here: $(tail -n 1 mount.log 2>/dev/null || echo not root)"
    finish
fi
authority
add_relay relay-1 'disk_reserve: 4MiB'
add_relay relay-2
add_node pt-farol PT
add_node es-faro ES
sign
# fill [BLOCKS]: 64 KiB blocks, or to the last byte
fill() { dd if=/dev/zero bs=64k ${1:+count="$1"} >>disk/filler 2>/dev/null; dd if=/dev/zero bs=1k ${1:+count=0} >>disk/filler 2>/dev/null; [ -s disk/filler ]; }
sed -i 's#^store:.*#store: disk/pt-farol.db#; $a disk_reserve: 4MiB' pt-farol.yaml
everyone_up
draft case.json Leonor
send() { publish pt-farol case.json "$1" --live --to ES --confirm Leonor --wait delivered -W 10s; }
try() { cli "$1" pt-farol publish case.json --live --to ES --confirm Leonor --wait accepted -W 5s; }
sent_is() { [ "$(at pt-farol inbox --sent -o json | jq length)" = "$1" ]; }

# --- the node's disk ------------------------------------------------------------------------------------------------
check "with room: delivered" send p.json
ref=$(jq -r .reference p.json)
room() { df --output=avail -k disk | tail -n 1; }
fill $((($(room) - 2048) / 64)) # 2 MiB are left: less than the reserve
noticed() { at pt-farol status -o json | true_of '.disk_free_bytes < 4194304'; }
check "node short of room: it knows" within 10 noticed
check "node short of room: a new case is refused (1)" try 1
check "node short of room: with free, needed and what to do" says 'disk.*free.*disk_reserve.*make room'
check "node short of room: nothing half done" sent_is 1
check "node short of room: closing passes" at pt-farol close "$ref" --outcome found-safe
check "es-faro: CLOSED" within 5 field es-faro "$ref" state CLOSED
rm -f disk/filler
check "with room again: delivered" within 10 send p.json
check "with room again: once" within 5 has es-faro "$(jq -r .reference p.json)"

fill
check "node without room: it ends, or refuses (1 or 4)" bash -c "for i in 1 2 3 4 5 6 7 8; do timeout 20 '$bin/hotline' --node pt-farol.sock publish case.json --live --to ES --confirm Leonor --no-input 2>>full.log && echo accepted >>lies.log; done; ! [ -e lies.log ]"
check "node without room: said in words" grep -qiE 'disk|not reach|cannot reach|make room' full.log
if running pt-farol; then
    check "node without room: still runs, and says it is short" noticed
else
    check "node without room: its log says why it stopped" log_says pt-farol 'store failed.*(full|DISK_FULL)'
    fill
    check "node without room: does not start (1)" exits 1 "$bin/hotline-node" --config pt-farol.yaml
    check "node without room: and says so" says 'disk is full'
fi
rm -f disk/filler
running pt-farol || up pt-farol
check "room again: connected" within 15 connected pt-farol
check "room again: what was sent is there, nothing else" sent_is 2
check "room again: delivered" within 10 send p.json
check "room again: es-faro has it once" within 5 has es-faro "$(jq -r .reference p.json)"
check "pt-farol: stops" down pt-farol
check "its store is whole" h db check disk/pt-farol.db

# --- the relays' disks ----------------------------------------------------------------------------------------------
mv disk/pt-farol.db* .
sed -i 's#^store:.*#store: pt-farol.db#; s#^disk_reserve:.*#disk_reserve: 1MiB#' pt-farol.yaml
check "relay-1: stops" down relay-1
mv relay-1.db* disk/
sed -i 's#^store:.*#store: disk/relay-1.db#' relay-1.yaml
fill $((($(room) - 2048) / 64))
up relay-1 pt-farol
check "relay-1 short of room: all connected" within 15 connected pt-farol
publish pt-farol case.json p.json --live --to ES --confirm Leonor --wait accepted -W 3s
got=$?
ref=$(jq -r .reference p.json)
check "relay-1 short of room: partly accepted (7)" [ $got = 7 ]
check "relay-1 short of room: the other has it, one is named" true_of '.accepted_by == 1 and ([.relays[] | select(.relay=="relay-1")][0].state != "ACCEPTED")' p.json
check "relay-1 short of room: with its reason" shows pt-farol "$ref" '[.relays[] | select(.relay=="relay-1") | tostring | test("disk|DISK_FULL")] == [true]'
check "es-faro: has it by the other" within 5 has es-faro "$ref"
rm -f disk/filler
by_both() { shows pt-farol "$ref" '.accepted_by == 2'; }
check "relay-1 with room: takes it too, by itself" within 20 by_both
fill
murder_proof() { # with no byte left a relay either refuses or stops in words; it does not lie
    publish pt-farol case.json q.json --live --to ES --confirm Leonor --wait accepted -W 2s
    [ "$(jq .accepted_by q.json)" = 1 ] || { echo "accepted by $(jq .accepted_by q.json)"; return 1; }
}
check "relay-1 without room: does not accept" murder_proof
if ! running relay-1; then
    check "relay-1 without room: its log says why it stopped" log_says relay-1 'store failed.*(full|DISK_FULL)'
fi
check "es-faro: has that by the other" within 5 has es-faro "$(jq -r .reference q.json)"
rm -f disk/filler
running relay-1 || up relay-1
ref=$(jq -r .reference q.json)
check "relay-1 with room again: takes it" within 30 by_both
check "es-faro: no doubles" within 5 has es-faro "$ref"
check "relay-1: stops" down relay-1
check "its store is whole" h db check disk/relay-1.db
finish

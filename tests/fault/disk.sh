#!/usr/bin/env bash
# Full disks of a relay, a publisher and a recipient, filled to the last byte while cases go out: who has no room refuses or
# stops in words and promises nothing; with room again all converges.
# usage: disk.sh BUILD          (needs root, for small tmpfs)
set -u
. "$(dirname "$0")/lib.sh"
begin "$@"
mkdir disk
if [ "$(id -u)" != 0 ] || ! mount -t tmpfs -o size=8m,mode=700 none disk 2>mount.log; then
    skip "full disks" "no tmpfs can be mounted here: $(tail -n 1 mount.log 2>/dev/null || echo not root)"
    finish
fi
small_network
scene start "all are connected, a case arrives"
start
fill() { dd if=/dev/zero bs=64k >>disk/filler 2>/dev/null; dd if=/dev/zero bs=512 >>disk/filler 2>/dev/null; [ -s disk/filler ]; }
room() { rm -f disk/filler; }
move_to() { # move_to NAME FOLDER: its store stands there from its next start
    check "$1: stops" down "$1"
    if [ "$2" = disk ]; then mv "$1".db* disk/; else mv disk/"$1".db* .; fi
    sed -i "s#^store:.*#store: ${2:+$2/}$1.db#" "$1.yaml"
    disk[$1]=${2:+$2/}$1.db
}
for d in relay-1 pt-farol es-faro; do
    scene "$d" "its disk is full to the last byte while cases go out; with room again nothing is lost and nothing twice"
    move_to "$d" disk
    sed -i '/^disk_reserve/d; $a disk_reserve: 1MiB' "$d.yaml"
    up "$d"
    check "$d: connected" within 20 connected_all
    fill
    story publish pt-farol 3 2>full.err & # it insists, across refusals and a process that is not there
    pid[story]=$!
    for round in 1 2 3 4; do # on the disk's edge: a little room, and none
        sleep 0.7
        truncate -s -64k disk/filler
        running "$d" || up "$d"
        sleep 0.3
        fill
    done
    room
    running "$d" || up "$d"
    check "$d: with room, the cases are accepted" wait "${pid[story]}"
    unset 'pid[story]'
    within 3 running "$d" || up "$d"
    whole 60
    check "$d: it met the full disk" bash -c "grep -qE 'the store failed|DISK_FULL|disk is full|disk_reserve|less than' '$d.log' full.err || { tail -n 2 '$d.log'; false; }"
    # What it said when it could not write, if it ended by itself.
    check "$d: it never died otherwise than in words" bash -c "! grep -E 'level=(error|fatal)' '$d.log' | grep -vE 'the store failed|cannot start|DISK_FULL|disk is full'"
    move_to "$d" ""
    up "$d"
done
whole 30
stop_all 'the store failed|cannot start|DISK_FULL|disk is full'
finish

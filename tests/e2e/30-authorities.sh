#!/usr/bin/env bash
# Two of three authority keys sign a roster: what one signed, what was changed, what is too old is refused and named, and the
# daemons keep what they had.
# usage: 30-authorities.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
authority --keys 3 --threshold 2
add_relay relay-1
add_node pt-farol PT
add_node es-faro ES
verify() { exits "$1" "$bin/hotline" roster verify "$2" --authority net/authority.pub; } # verify STATUS FILE

check "three keys, owner only" bash -c '[ "$(stat -c %a net/authority-1.key net/authority-2.key net/authority-3.key | sort -u)" = 600 ]'
check "the first signs" h roster sign net --with net/authority-1.key -o roster.signed
check "one signature is refused (5)" verify 5 roster.signed
check "and it says 1 of 2" says '1 of the 2'
cp roster.signed one.signed
check "relay: does not start with it (5)" exits 5 "$bin/hotline-relay" --config relay-1.yaml
check "relay: and says why" says '1 of the 2'
check "the first signs again: no second signature" h roster sign net --with net/authority-1.key -o roster.signed
check "still refused (5)" verify 5 roster.signed
check "the second adds its own" h roster sign net --with net/authority-3.key -o roster.signed
check "two signatures verify" verify 0 roster.signed
check "the version is still 1" bash -c "'$bin/hotline' roster show roster.signed -o json | true_of '.version == 1'"
h key generate --member xx --country PT --name X -o stranger.key --request stranger.request --no-passphrase >/dev/null 2>&1
mkdir other
h roster init other/net --no-passphrase >/dev/null 2>&1
check "a key of another authority is refused (5)" exits 5 "$bin/hotline" roster sign net --with other/net/authority.key -o roster.signed
check "and named" says 'authority\.key'
check "and the file is as it was" verify 0 roster.signed

rm -f relay-1.db*
up relay-1 pt-farol es-faro
for m in pt-farol es-faro; do check "$m: connected" within 15 connected $m; done
stop_here_unless_green
cp roster.signed v1.signed

# --- what a relay is offered, and refuses ---------------------------------------------------------------------------
version() { curl_metric relay-1 hotline_relay_roster_version; }
curl_metric() { # curl_metric RELAY NAME: without curl
    python3 -c 'import sys, urllib.request as u
for line in u.urlopen("http://127.0.0.1:%s/metrics" % sys.argv[1], timeout=5).read().decode().splitlines():
    if line.split(" ")[0] == sys.argv[2]: print(line.split(" ")[1])' "${port[$1-admin]}" "$2"
}
version_is() { [ "$(version)" = "$1" ] || { echo "version $(version)"; return 1; }; }
offered() { # offered FILE PATTERN: as the roster file, read again on SIGHUP; the log names why it is not taken
    local lines
    lines=$(wc -l <relay-1.log)
    cp "$1" roster.signed
    kill -HUP "${pid[relay-1]}"
    within 5 bash -c "tail -n +$((lines + 1)) relay-1.log | grep -qE '$2'" || { echo "log: $(tail -n 1 relay-1.log)"; return 1; }
}
refused() { # refused WHAT FILE STATUS PATTERN
    check "$1: refused by verify ($3)" verify "$3" "$2"
    check "$1: and named" says "$4"
    check "$1: the relay says so" offered "$2" "roster not taken.*($4)"
    check "$1: and keeps its own" version_is 1
}
h roster add net stranger.request --role hotline --phone +351210000001 >/dev/null 2>&1
h roster sign net --with net/authority-2.key -o v2.signed >/dev/null 2>&1
refused "under-signed" v2.signed 5 '1 of the 2'
cp v2.signed v2-full.signed
check "version 2: a second signature" h roster sign net --with net/authority-1.key -o v2-full.signed
python3 - <<'PY'
data = open("v2-full.signed", "rb").read()
at = data.index(b"Hotline ES")
open("tampered.signed", "wb").write(data[:at] + b"Hotline XX" + data[at + 10:])
open("cut.signed", "wb").write(data[:len(data) // 2])
open("noise.signed", "wb").write(bytes((i * 37 + 11) % 256 for i in range(4096)))
PY
refused "tampered" tampered.signed 5 'do(es)? not verify'
refused "cut in half" cut.signed 5 'SignedRoster: not a well-formed'
refused "noise" noise.signed 5 'SignedRoster: not a well-formed'
check "a valid version 2 is taken" offered v2-full.signed 'roster in force.*version=2'
for m in pt-farol es-faro; do check "$m: learns version 2" within 10 roster_is $m 2; done
check "rolled back: the relay says so" offered v1.signed 'older than version 2'
check "rolled back: and keeps version 2" version_is 2
check "rolled back: the nodes keep version 2" roster_is pt-farol 2
check "relay: stops" down relay-1
up relay-1
check "started with the old file: the store's version 2 holds" within 10 version_is 2
check "pt-farol: connected again" within 15 connected pt-farol

# --- expired --------------------------------------------------------------------------------------------------------
check "an expiry in the past is no expiry (2)" exits 2 "$bin/hotline" roster sign net --renew --expires 0s --with net/authority-1.key -o v3.signed
check "a roster of two seconds" h roster sign net --renew --expires 2s --with net/authority-1.key --with net/authority-2.key -o v3.signed
expired() { verify 5 v3.signed && says 'expired on'; }
check "expired: refused by verify (5), with its date" within 10 expired
check "expired: known members are still served (grace)" offered v3.signed 'roster (in force|.*expired)'
draft case.json Leonor
warned() { at pt-farol status -o json | true_of '[.warnings[].code] | any(test("ROSTER"))'; }
check "expired: people are warned" within 10 warned
finish

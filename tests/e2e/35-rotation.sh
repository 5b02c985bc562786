#!/usr/bin/env bash
# Keys change and nobody is lost: identity and transport keys by roster, while the node runs; the authority's own keys by the old
# and the new threshold; a hotline that slept through all of it; a wholly new key file whose store is wrapped anew; a relay's keys.
# usage: 35-rotation.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
authority --keys 2 --threshold 1
add_relay relay-1
add_relay relay-2
add_node gr-pharos GR
add_node it-faro IT
add_node pl-latarnia PL "GR"
sign --with net/authority-1.key
up relay-1 relay-2 gr-pharos it-faro pl-latarnia
for m in gr-pharos it-faro pl-latarnia; do check "$m: connected" within 15 connected $m; done
stop_here_unless_green
fingerprint() { h key fingerprint "$1"; }
hup_relays() { kill -HUP "${pid[relay-1]}" "${pid[relay-2]}"; }
send() { publish gr-pharos "$here/case.json" "$1.json" --live --to IT --confirm "$(jq -r .child.given_name "$here/case.json")" --wait accepted -W 10s; }

check "before: a case goes out" send first
first=$(jq -r .reference first.json)
check "before: IT has it" within 5 has it-faro "$first"
murder pl-latarnia
cp roster.signed old.signed
check "relay-2: stops for a copy of its store" down relay-2
mkdir old-relay-2 && cp relay-2.db* old-relay-2/
up relay-2
for m in gr-pharos it-faro; do check "$m: on both again" within 20 connected $m; done

# --- identity and transport keys -------------------------------------------------------------------------------------
fingerprint gr-pharos.key >old.fingerprint
check "GR: rotates its keys" h key rotate gr-pharos.key --request gr-2.request --no-passphrase
fingerprint gr-pharos.key >new.fingerprint
check "GR: the file holds others now" not cmp -s old.fingerprint new.fingerprint
check "GR: still connected with the old ones" connected gr-pharos
check "authority: takes the new keys" h roster add net gr-2.request --replace
check "authority: signs version 2" h roster sign net --with net/authority-1.key -o roster.signed
hup_relays
check "GR: version 2" within 10 roster_is gr-pharos 2
check "GR: connected with the new keys, without a new start" within 20 connected gr-pharos
check "GR: publishes, signed by the new identity" send second
second=$(jq -r .reference second.json)
check "IT: opens it" within 5 has it-faro "$second"
check "IT: acknowledges the case from before the rotation" at it-faro ack "$first" --as Ada
check "GR: sees that" within 5 ladder gr-pharos "$first" it-faro ACKNOWLEDGED
murder gr-pharos
up gr-pharos
check "GR: starts anew with the rotated file" within 15 connected gr-pharos
check "GR: still has its cases" bash -c "[ \"\$('$bin/hotline' --node gr-pharos.sock inbox --sent -o json | jq length)\" = 2 ]"

# --- the authority's keys --------------------------------------------------------------------------------------------
check "authority: makes new keys, 2 of 3" h roster rekey net --keys 3 --threshold 2 --no-passphrase
check "a second change meanwhile is refused" exits 2 "$bin/hotline" roster rekey net --no-passphrase
check "signed by the new keys alone" h roster sign net --with net/authority-2-1.key --with net/authority-2-2.key -o try.signed
check "is refused by the old (5)" exits 5 "$bin/hotline" roster verify try.signed --authority net/authority.pub
cp net/authority.pub old.pub
check "and by one old key" h roster sign net --with net/authority-2.key -o try.signed
mv try.signed roster.signed
check "verifies by the old keys" h roster verify roster.signed --authority old.pub
hup_relays
for m in gr-pharos it-faro; do check "$m: version 3" within 10 roster_is $m 3; done
check "the old key signs nothing any more (5)" exits 5 "$bin/hotline" roster sign net --with net/authority-1.key -o roster.signed
check "suspends somebody" h roster suspend net it-faro
check "one of the new keys is too few" h roster sign net --with net/authority-2-1.key -o roster.signed
check "refused (5)" exits 5 "$bin/hotline" roster verify roster.signed --authority net/authority.pub
check "a second signs" h roster sign net --with net/authority-2-3.key -o roster.signed
check "verifies by the new keys" h roster verify roster.signed --authority net/authority.pub
hup_relays
check "gr-pharos: version 4" within 10 roster_is gr-pharos 4
check "reinstated" h roster reinstate net it-faro
check "signed" h roster sign net --with net/authority-2-1.key --with net/authority-2-2.key -o roster.signed
hup_relays
check "gr-pharos: version 5" within 10 roster_is gr-pharos 5

# --- a hotline that slept through all of it --------------------------------------------------------------------------
# Its configuration still names the old authority.pub, and its seed is version 1's store.
cp old.pub pl.pub
sed -i 's#^authority:.*#authority: pl.pub#; s#^roster:.*#roster: none.signed#' pl-latarnia.yaml
up pl-latarnia
check "pl-latarnia: follows to version 5" within 15 roster_is pl-latarnia 5
check "pl-latarnia: connected" within 15 connected pl-latarnia
check "pl-latarnia: has what it missed" within 15 has pl-latarnia "$second"

# --- a relay that slept through all of it: nobody brings it a file, the hotlines bring it each change of keys ----------
check "relay-2: stops" down relay-2
rm -f relay-2.db* && cp old-relay-2/relay-2.db* .
cp old.signed none-2.signed
sed -i 's#^authority:.*#authority: pl.pub#; s#^roster:.*#roster: none-2.signed#' relay-2.yaml
up relay-2
version_of() { # version_of RELAY VERSION
    python3 -c 'import sys, urllib.request as u
lines = u.urlopen("http://127.0.0.1:%s/metrics" % sys.argv[1], timeout=5).read().decode().splitlines()
sys.exit("hotline_relay_roster_version " + sys.argv[2] not in lines)' "${port[$1-admin]}" "$2"
}
check "relay-2, set back: the hotlines bring it to version 5" within 20 version_of relay-2 5
sed -i 's#^authority:.*#authority: net/authority.pub#; s#^roster:.*#roster: roster.signed#' relay-2.yaml
check "gr-pharos: on both" within 20 connected gr-pharos

# --- a wholly new key file -------------------------------------------------------------------------------------------
wrapped_key() { # wrapped_key STORE FILE: the store's own key, as a member's key file wraps it
    python3 -c 'import sqlite3, sys
value = sqlite3.connect(sys.argv[1]).execute("SELECT value FROM meta WHERE name = ?", ("storage_key",)).fetchone()[0]
assert len(value) == 72, len(value)
open(sys.argv[2], "wb").write(value)' "$@"
}
gone_from() { # gone_from BYTES FILE...: they hold nothing of it
    python3 -c 'import os, sys
wanted = open(sys.argv[1], "rb").read()
for name in sys.argv[2:]:
    if os.path.exists(name) and wanted in open(name, "rb").read():
        sys.exit(name + " holds it")' "$@"
}
check "IT: new key file" h key generate --member it-faro --country IT --name "Hotline IT" -o it-new.key --request it-new.request --no-passphrase
check "authority: the old key counts no more" h roster add net it-new.request --replace --compromised
check "authority: signs" h roster sign net --with net/authority-2-1.key --with net/authority-2-2.key -o roster.signed
hup_relays
check "gr-pharos: version 6" within 10 roster_is gr-pharos 6
check "IT: stops" down it-faro
cp it-faro.key it-old.key
mv it-new.key it-faro.key
check "IT: without the old file its store is refused (5)" exits 5 "$bin/hotline-node" --config it-faro.yaml
check "IT: and it says how" says 'previous_key'
chmod 600 it-old.key
echo 'previous_key: it-old.key' >>it-faro.yaml
check "IT: its store's key is wrapped by the old file" wrapped_key it-faro.db old-wrap
up it-faro
check "IT: starts with both" within 15 connected it-faro
check "IT: has its inbox" has it-faro "$first"
check "IT: what the old file wrapped is off the disk, while it runs" gone_from old-wrap it-faro.db it-faro.db-wal
check "IT: stops again" down it-faro
sed -i '/^previous_key/d' it-faro.yaml
up it-faro
check "IT: needs the old file no more" within 15 connected it-faro
check "GR: publishes to it" send third
check "IT: opens it with its new key" within 10 has it-faro "$(jq -r .reference third.json)"

# --- a relay's keys --------------------------------------------------------------------------------------------------
check "relay-1: rotates" h key rotate relay-1.key --endpoint "tcp://127.0.0.1:${port[relay-1]}" --request relay-1b.request --no-passphrase
check "authority: takes it" h roster add net relay-1b.request --replace
check "authority: signs" h roster sign net --with net/authority-2-1.key --with net/authority-2-2.key -o roster.signed
kill -HUP "${pid[relay-2]}"
check "gr-pharos: version 7" within 10 roster_is gr-pharos 7
check "relay-1: stops" down relay-1
up relay-1
for m in gr-pharos it-faro pl-latarnia; do check "$m: on both again" within 20 connected $m; done
finish

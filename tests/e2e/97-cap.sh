#!/usr/bin/env bash
# A case leaves a node as CAP 1.2, valid by the standard's rules, and comes back as a draft that says the same.
# usage: 97-cap.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
rules=$here/../vectors/cap/cap-1.2.rng
foreign=$here/../vectors/cap/foreign.xml
authority
add_relay relay-1
add_relay relay-2
add_node pt-farol PT
add_node es-faro ES
sign
everyone_up

valid() { xmllint --noout --nonet --relaxng "$rules" "$1"; }
holds() { # holds FILE TEXT...
    local text
    for text in "${@:2}"; do grep -qF -- "$text" "$1" || { echo "$1 lacks $text"; return 1; }; done
}
holds_no() { ! grep -qF -- "$2" "$1"; }
mode() { [ "$(stat -c %a "$1")" = "$2" ]; }
same_case() { # same_case REFERENCE DRAFT: but for what the node fills in, and how a time is written
    local drop='del(.case_id,.reference,.revision,.status,.opened_at,.drill_id,.replaces,.codes_version,.photos,.valid_for)
        | del(.valid_until,.last_seen.at,.review_at)'
    diff <(at pt-farol show "$1" -o json | jq -S ".case | $drop") <(jq -S "$drop" "$2")
}

draft case.json Leonor '.child.medical_needs=[{"need":"INSULIN"}] | .severity="EXTREME" | .certainty="OBSERVED"'
check "published, restricted" publish pt-farol case.json p.json --live --to ES --restricted --confirm Leonor --wait delivered -W 20s
ref=$(jq -r .reference p.json)
check "export" cli 0 pt-farol cap export "$ref" -o open.xml
check "export: says that it is not sealed" says 'not sealed'
check "export: says that it is restricted" says 'restricted'
check "export: readable by its owner alone" mode open.xml 600
check "export: valid" valid open.xml
check "export: an Alert, Actual, Restricted" holds open.xml '<msgType>Alert</msgType>'
check "export: sent without Z" holds open.xml '-00:00</sent>' '<scope>Restricted</scope>'
check "export: to standard output" sh -c "'$bin/hotline' --node pt-farol.sock cap export $ref 2>/dev/null | cmp - open.xml"
check "the recipient's export: valid" sh -c "'$bin/hotline' --node es-faro.sock cap export $ref >theirs.xml"
check "the recipient's export: the same message" holds theirs.xml "$(grep -F '<identifier>' open.xml)"

# --- a photo: described by what the file itself is ---
sha1() { sha1sum "$1" | cut -d ' ' -f 1; }
check "a picture" python3 "$here/picture.py" png one.png 400 300 1
draft photo.json Duarte
check "published with a photo" publish pt-farol photo.json ph.json --live --to ES --confirm Duarte --photo one.png --wait delivered -W 20s
photo=$(jq -r .reference ph.json)
check "es-faro: the photo is there" within 20 shows es-faro "$photo" '.photos_here == 1'
check "es-faro: saves it" at es-faro show "$photo" --photo 1 -o one.jpg
for m in pt-farol es-faro; do
    check "$m: export with a photo" cli 0 $m cap export "$photo" -o photo-$m.xml
    check "$m: export with a photo is valid" valid photo-$m.xml
    check "$m: export: the digest is the photo's own SHA-1" holds photo-$m.xml "<digest>$(sha1 one.jpg)</digest>"
    check "$m: export: and the size the photo's own" holds photo-$m.xml "<size>$(stat -c %s one.jpg)</size>"
done

check "import" cli 0 pt-farol cap import open.xml -o back.json
check "import: says that nothing was sent" says 'a draft. Nothing was sent'
check "import: names the next step" says 'publish back.json --live --restricted --to ES'
check "import: the same case" same_case "$ref" back.json
check "import: needs no node" exits 0 "$bin/hotline" --node nowhere.sock cap import open.xml
check "import: its draft can be published" publish pt-farol back.json q.json --live --to ES --restricted --confirm Leonor --wait delivered -W 20s
check "import: as a case of its own" sh -c '[ "$(jq -r .case_id p.json)" != "$(jq -r .case_id q.json)" ]'

check "update" at pt-farol update "$ref" case.json
check "export: an Update that refers to the Alert" sh -c "'$bin/hotline' --node pt-farol.sock cap export $ref >update.xml"
check "export: Update" holds update.xml '<msgType>Update</msgType>'
check "export: refers to the Alert" holds update.xml "<references>pt-farol,$(sed -n 's/.*<identifier>\(.*\)<.identifier>/\1/p' open.xml),"
check "export: Update is valid" valid update.xml
check "ack before one was given (5)" cli 5 es-faro cap export "$ref" --ack
check "es-faro: has revision 2" within 5 field es-faro "$ref" revision 2
check "es-faro: acknowledges" at es-faro ack "$ref" --as Paola
check "export: the Ack" cli 0 es-faro cap export "$ref" --ack -o ack.xml
check "export: the Ack is valid" valid ack.xml
check "export: the Ack is of es-faro" holds ack.xml '<sender>es-faro</sender>' '<msgType>Ack</msgType>'
check "export: the Ack names nobody" holds_no ack.xml Paola
check "close" at pt-farol close "$ref" --outcome found-safe
check "export: a Cancel" cli 0 pt-farol cap export "$ref" -o cancel.xml
check "export: the Cancel is valid" valid cancel.xml
check "export: the Cancel tells the outcome" holds cancel.xml '<msgType>Cancel</msgType>' 'FOUND_SAFE'
check "export: the Cancel tells nothing about the child" holds_no cancel.xml Leonor
check "import: a Cancel is no case (5)" cli 5 pt-farol cap import cancel.xml

draft drill.json Leonor
check "a drill" publish pt-farol drill.json d.json --exercise --to ES --confirm Leonor
check "export: the drill" cli 0 pt-farol cap export "$(jq -r .reference d.json)" -o drill.xml
check "export: the drill says Exercise" holds drill.xml '<status>Exercise</status>' '<scope>Private</scope>'
check "export: the drill is valid" valid drill.xml
check "import: the drill" cli 0 pt-farol cap import drill.xml
check "import: the drill stays one" says 'publish DRAFT.json --exercise --to ES'

check "import: another sender's" cli 0 pt-farol cap import "$foreign" -o foreign.json
check "import: line by line" all_of says ':19: headline: taken as why_urgent' ':27: geocode SAME: "006037" has no place' 'Before it can be sent: category'
check "import: from standard input" sh -c "'$bin/hotline' cap import - <'$foreign' | jq -e '.urgency==\"IMMEDIATE\"'"
printf '<!DOCTYPE alert [<!ENTITY a SYSTEM "/etc/passwd">]><alert>&a;</alert>' >doctype.xml
check "import: a DOCTYPE (2)" cli 2 pt-farol cap import doctype.xml -o none.json
check "import: a DOCTYPE is named" says 'doctype.xml:1: a DOCTYPE'
sed 's/<urgency>Immediate/<urgency>Urgent/' "$foreign" >word.xml
check "import: an unknown word (2)" cli 2 pt-farol cap import word.xml -o none.json
check "import: an unknown word is named with its line" says 'word.xml:15: urgency: "Urgent" is not one of Immediate'
check "import: nothing was written" not test -e none.json
check "export: no such case (3)" cli 3 pt-farol cap export PT-2020-99999
finish

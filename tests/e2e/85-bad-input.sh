#!/usr/bin/env bash
# Bad input of the kinds that are made to hurt, through each door that takes files or frames of others: pictures, CAP, attached
# files and statements of a member that lies. Refused by name, cheaply; nothing stored, nothing leaked; alerts go on.
# usage: 85-bad-input.sh BUILD          (files of sealed envelopes, each byte changed: 48-sealed.sh)
. "$(dirname "$0")/lib.sh"
begin "$@"
. "$here/stranger.sh"
need_stranger
authority
add_relay relay-1
add_relay relay-2
add_node nl-baak NL
add_node be-een BE
at_fremd
sign
everyone_up
# What nl-baak, the processes that decode for it and what this script ran have used of the processors by now: a loaded machine
# makes no more of it.
cpu_ms() {
    local all="$$ ${pid[nl-baak]}" next=${pid[nl-baak]} one
    while next=$(pgrep -d ' ' -P "${next// /,}"); do all+=" $next"; done
    for one in $all; do sed "s/.*) //; s/^/$one /" "/proc/$one/stat"; done 2>/dev/null |
        awk -v self=$$ -v tick="$(getconf CLK_TCK)" '{used += ($1 == self ? 0 : $13 + $14) + $15 + $16} END {printf "%d\n", 1000 * used / tick}'
}
# costs MILLISECONDS COMMAND...: it succeeds, and no more than that was worked for it; ten times as much in a build that counts its lines
costs() {
    local before used limit=$1${GENTLY:+0}
    before=$(cpu_ms)
    [ "${before:-0}" -gt 0 ] && "${@:2}" || return 1
    used=$(($(cpu_ms) - before))
    [ $used -ge 0 ] && [ $used -le "$limit" ] || { echo "took $used ms"; return 1; }
}
sent_is() { [ "$(at "$1" inbox --sent -o json | jq length)" = "$2" ]; }

# --- pictures -------------------------------------------------------------------------------------------------------
check "a picture" python3 "$here/picture.py" png one.png 300 200 1
draft case.json Leonor
check "nl-baak: publishes with a photo" publish nl-baak case.json p1.json --live --to BE,AT --confirm Leonor --photo one.png --wait accepted -W 10s
ref=$(jq -r .reference p1.json)
check "nl-baak: the photo, a JPEG" at nl-baak show "$ref" --photo 1 -o good.jpg
check "bad pictures: made" python3 "$here/bad_pictures.py" good.jpg bad
declare -A why=(
    [sides-65535.png]='65535 x 65535 pixels; the limit is 50 million' [sides-65535-interlaced.png]='65535 x 65535 pixels; the limit is 50 million'
    [sides-65535.jpg]='at most 65500|image dimension is 65500' [sides-2-to-the-31.png]='the limit is 50 million' [no-pixels.png]='damaged'
    [fewer-pixels-than-said.png]='damaged' [fewer-pixels-than-said.jpg]='damaged' [scans.jpg]='more than 100 scans'
    [first-chunk-4-GB.png]='damaged' [wrong-checksum.png]='damaged' [noise-behind-magic.jpg]='damaged' [noise-behind-magic.png]='damaged|the limit is 50 million'
    [svg.jpg]='neither JPEG nor PNG' [gif-html.jpg]='neither JPEG nor PNG' [empty.jpg]='empty'
)
for file in bad/*.*; do
    name=${file#bad/} limit=500
    [ "$name" != scans.jpg ] || limit=2000 # at most 100 of its 600 scans are worked through
    check "picture $name: refused (2), cheaply" costs $limit cli 2 nl-baak publish case.json --live --to BE --confirm Leonor --photo "$file"
    check "picture $name: and it is said why" says "$name.*(${why[$name]})"
done
check "nothing of that was sent" sent_is nl-baak 1
for file in bad/more/*; do
    name=${file#bad/more/}
    check "picture and more, $name: taken, cheaply" costs 500 publish nl-baak case.json more.json --live --to BE --confirm Leonor --photo "$file"
    check "picture and more, $name: the photo" at nl-baak show "$(jq -r .reference more.json)" --photo 1 -o more.jpg
    check "picture and more, $name: only the picture" no_text 'Canary|script|PK' more.jpg
done

# --- CAP ------------------------------------------------------------------------------------------------------------
foreign=$here/../vectors/cap/foreign.xml
python3 - "$foreign" <<'PY'
import sys
good = open(sys.argv[1], encoding="utf-8").read()
head = '<?xml version="1.0"?>\n'
laughs = "".join(f'<!ENTITY l{i} "{"&l%d;" % (i - 1) * 10}">' for i in range(1, 10))
files = {
    "laughs": f'{head}<!DOCTYPE alert [<!ENTITY l0 "ha">{laughs}]><alert>&l9;</alert>',
    "outside": f'{head}<!DOCTYPE alert SYSTEM "http://127.0.0.1:9/x.dtd"><alert/>',
    "deep": '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">' + "<info>" * 5000 + "</info>" * 5000 + "</alert>",
    "wide": good.replace("<event>", "<event>" + "x" * 300000, 1),
    "latin": good.replace("<event>", "<event>\udcff", 1),
    "cut": good[:len(good) // 2],
    "twice": good + good,
    "entity": good.replace("<event>", "<event>&xxe;", 1),
}
for name, text in files.items():
    open(f"{name}.xml", "wb").write(text.encode("utf-8", "surrogateescape"))
PY
declare -A cap_why=([laughs]='DOCTYPE' [outside]='DOCTYPE' [deep]='1: <info> has no place in <info>' [wide]='262144|256 KiB|limit' [latin]='UTF-8|well-formed|invalid token'
    [cut]=':[0-9]+' [twice]=':[0-9]+' [entity]='entity|entities')
for name in laughs outside deep wide latin cut twice entity; do
    check "CAP $name: refused (2), cheaply" costs 500 cli 2 nl-baak cap import $name.xml -o none.json
    check "CAP $name: and it is said why" says "$name.xml.*(${cap_why[$name]})"
done
check "no draft was written" not test -e none.json

# --- attached files of a member that lies ------------------------------------------------------------------------------
meet
check "both relays welcome the liar" within 10 heard welcome true 2
check "it signs its first card" within 5 heard card true
stop_here_unless_green
lies=0
lie() { # lie HOW CODE: a case with a photo that is wrong in this way; the relay that asks for it says so
    lies=$((lies + 1))
    tell "{\"do\":\"lie\",\"how\":\"$1\",\"to\":[\"NL\"]}"
    check "attached file, $1: refused as $2" within 10 heard refused_blob ".how==\"$1\" and .code==\"$2\""
    check "attached file, $1: the alert itself is there" within 5 has nl-baak "$(field_of published .reference)"
    check "attached file, $1: and no photo" shows nl-baak "$(field_of published .reference)" '.photos_here==0'
}
lie digest MALFORMED
lie order MALFORMED
lie size MALFORMED
lie count TOO_LARGE
tell '{"do":"lie","how":"nobody","to":[]}'
check "a blob that nobody named: refused as UNKNOWN_ENVELOPE" within 5 heard refused_blob '.how=="nobody" and .code=="UNKNOWN_ENVELOPE"' 2
tell '{"do":"lie","how":"many","to":["NL"]}'
check "more blobs than allowed: the whole envelope is refused" within 5 heard refused '.code=="MALFORMED" and (.reason | test("blobs"))' 2
tell '{"do":"lie","how":"impossible","to":["NL"]}'
check "a size that no file has: nobody asks for it" within 5 has nl-baak "$(field_of published .reference)"
check "a size that no file has: no photo" shows nl-baak "$(field_of published .reference)" '.photos_here==0'
tell "{\"do\":\"want\",\"name\":\"$(at nl-baak show "$(jq -r .reference more.json)" -o json | jq -r '.case.photos[0].name')\"}"
check "a blob of a case that was not sent to it: gone" within 5 heard gone true 2

# --- photos that are what was named, and nothing to be shown ------------------------------------------------------------
python3 - good.jpg <<'PY'
import os, struct, sys
good = open(sys.argv[1], "rb").read()
page = b"<html><script>alert(1)</script>"
files = {
    "a page behind its end": good + page,
    "a page before its end": good[:-2] + page + b"\xff\xd9",
    "a page in a comment": good[:2] + b"\xff\xfe" + struct.pack(">H", len(page) + 2) + page + good[2:],
    "half a picture": good[:len(good) // 2],
    "noise behind a magic": b"\xff\xd8\xff\xe0" + os.urandom(90000),
}
for name, data in files.items():
    open(f"{name}.jpg", "wb").write(data)
PY
head -c 2000 good.jpg >thumb.jpg
hostile() { # hostile HOW [WIDTH]: the file of this name, as a photo of 300 x 200
    local how=$1 case
    tell "{\"do\":\"open\",\"name\":\"Hostile\",\"to\":[\"NL\"],\"photo\":{\"file\":\"${2:-$how}.jpg\",\"thumbnail\":\"thumb.jpg\",\"width\":${3:-300},\"height\":200}}"
    opened=$((opened + 1))
    check "a photo that is $how: its case goes out" within 5 heard published true $opened
    case=$(field_of published .reference)
    check "a photo that is $how: marked as refused" within 20 shows nl-baak "$case" '.photos_refused==[1] and .photos_here==0'
    check "a photo that is $how: cannot be saved (2)" cli 2 nl-baak show "$case" --photo 1 -o no.jpg
    check "a photo that is $how: and it is said" says 'refused'
    check "a photo that is $how: the alert is untouched" shows nl-baak "$case" '.case.child.given_name=="Hostile" and .state=="OPEN"'
    check "a photo that is $how: people read it" bash -c "'$bin/hotline' --node nl-baak.sock show '$case' | grep -q 'photo 1 came and is refused'"
}
opened=$(jq -s '[.[] | select(.event=="published")] | length' stranger.events)
hostile "a page behind its end"
hostile "a page before its end"
hostile "a page in a comment"
hostile "half a picture"
hostile "noise behind a magic"
hostile "of other sides than said" good 301
check "none of them was written anywhere" not test -e no.jpg
tell '{"do":"open","name":"Honest","to":["NL"],"photo":{"file":"good.jpg","thumbnail":"thumb.jpg","width":300,"height":200}}'
check "a good one after them: published" within 5 heard published true $((opened + 1))
check "a good one after them: shown" within 20 shows nl-baak "$(field_of published .reference)" '.photos_here==1'

# --- statements about what is another's --------------------------------------------------------------------------------
check "the liar has the case of nl-baak" within 5 heard received ".reference==\"$ref\""
check "be-een: acknowledges" at be-een ack "$ref" --as Lotte
check "nl-baak: ACKNOWLEDGED of be-een" within 5 ladder nl-baak "$ref" be-een ACKNOWLEDGED
tell "{\"do\":\"forge\",\"how\":\"grant\",\"reference\":\"$ref\"}"
check "a grant for another's envelope: UNKNOWN_ENVELOPE" within 5 heard refused '.code=="UNKNOWN_ENVELOPE"' 2
tell "{\"do\":\"forge\",\"how\":\"receipt_as_another\",\"reference\":\"$ref\",\"member\":\"be-een\"}"
tell "{\"do\":\"forge\",\"how\":\"receipt_to_another\",\"reference\":\"$ref\",\"member\":\"be-een\"}"
draft next.json Duarte
check "an alert after all that: delivered to both" publish nl-baak next.json p2.json --live --to BE,AT --confirm Duarte --wait delivered -W 10s
check "nl-baak: no word of be-een was changed" ladder nl-baak "$ref" be-een ACKNOWLEDGED
check "nl-baak: the liar's own row: DELIVERED, no more" ladder nl-baak "$ref" at-fremd DELIVERED
check "be-een: has nothing that it sent" bash -c "[ \"\$('$bin/hotline' --node be-een.sock inbox --sent -o json | jq length)\" = 0 ]"
for m in nl-baak be-een relay-1 relay-2; do check "$m: runs, and stops at once" down "$m"; done
finish

#!/usr/bin/env bash
# A node that was written from docs/protocol.md alone gives and takes photos: pulls one chunk by chunk, opens it, says so on the
# ladder; seals one, is asked for it, and a hotline shows it. usage: 98-stranger-photo.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
. "$here/stranger.sh"
need_stranger
authority
add_relay relay-1
add_relay relay-2
add_node nl-baak NL
at_fremd
sign
everyone_up
meet
check "both relays welcome it" within 10 heard welcome true 2
check "it signs its first card" within 5 heard card true
stop_here_unless_green

# --- one photo comes ------------------------------------------------------------------------------------------------
check "a picture of several chunks" python3 "$here/picture.py" png one.png 900 700 1
check "and one of a single chunk" python3 "$here/picture.py" png two.png 60 50 2
draft alert.json Leonor
check "nl-baak: publishes it to AT" publish nl-baak alert.json p1.json --live --to AT --confirm Leonor --photo one.png --photo two.png --wait delivered -W 10s
ref=$(jq -r .reference p1.json)
check "the stranger pulls the large one, chunk by chunk" within 15 heard photo ".reference==\"$ref\" and .chunks>=3"
check "and the small one" within 15 heard photo ".reference==\"$ref\" and .chunks==1"
check "nl-baak: saves the large one" at nl-baak show "$ref" --photo 1 -o one.jpg
check "nl-baak: saves the small one" at nl-baak show "$ref" --photo 2 -o two.jpg
large=$(jq -rs '[.[] | select(.event=="photo" and .chunks>=3)][0].file' stranger.events)
small=$(jq -rs '[.[] | select(.event=="photo" and .chunks==1)][0].file' stranger.events)
check "the same bytes" cmp one.jpg "$large"
check "the same bytes of the small one" cmp two.jpg "$small"
check "nl-baak: the photo column" within 10 shows nl-baak "$ref" '.ladder[] | select(.member=="at-fremd") | .photos==2 and .state=="DELIVERED"'

# --- one photo goes -------------------------------------------------------------------------------------------------
at nl-baak show "$ref" -o json | jq -r '.case.photos[0].thumbnail' | base64 -d >thumb.jpg
width=$(at nl-baak show "$ref" -o json | jq '.case.photos[0].width_px') height=$(at nl-baak show "$ref" -o json | jq '.case.photos[0].height_px')
tell "{\"do\":\"open\",\"name\":\"Nepomuk\",\"to\":[\"NL\"],\"photo\":{\"file\":\"one.jpg\",\"thumbnail\":\"thumb.jpg\",\"width\":$width,\"height\":$height}}"
check "both relays accept its case" within 5 heard accepted '.granted==["nl-baak"]' 2
own=$(field_of published .reference)
check "nl-baak: has the case" within 5 has nl-baak "$own"
check "a relay asks for the first chunks" within 10 heard blob_wanted '.first==0 and .count==2' 1
check "and takes the last" within 15 heard blob_taken '.chunk+1==.chunks'
check "nl-baak: the photo came" within 20 shows nl-baak "$own" '.photos_here==1'
check "nl-baak: saves it" at nl-baak show "$own" --photo 1 -o theirs.jpg
check "the bytes that the stranger sealed" cmp theirs.jpg one.jpg
check "the stranger: reads the photo column" within 10 heard photo_receipt ".reference==\"$own\" and .recipient==\"nl-baak\" and .photos==1"
tell '{"do":"stop"}'
check "it leaves" within 5 heard stopped true
finish

#!/usr/bin/env bash
# A photo travels with its case: stripped, sealed, after the alert; through kills of everybody; erased with its case.
# usage: 45-photo.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
shown() { shows "$1" "$2" ".photos_here == $3"; }                                   # shown MEMBER REFERENCE HERE
column() { shows "$1" "$2" ".ladder[] | select(.member==\"$3\") | .photos == $4"; } # column MEMBER REFERENCE RECIPIENT N
saved() { at "$1" show "$2" --photo "$3" -o "$4"; }                                  # saved MEMBER REFERENCE N FILE
picture() { python3 "$here/picture.py" "$@"; }
is_jpeg() { [ "$(head -c 3 "$1" | od -An -tx1 | tr -d ' ')" = ffd8ff ]; }
# A relay holds its store alone: a copy is asked, as it was at that moment.
blob_rows() { # blob_rows STORE SQL
    cp "$1" copy.db && cp "$1-wal" copy.db-wal 2>/dev/null
    python3 -c 'import sqlite3, sys; print(sqlite3.connect("copy.db").execute(sys.argv[1]).fetchone()[0])' "$2"
    rm -f copy.db*
}
rows_are() { # rows_are STORE SQL VALUE
    local got
    got=$(blob_rows "$1" "$2")
    [ "$got" = "$3" ] || { echo "$got, not $3"; return 1; }
}

authority
add_relay relay-1
add_relay relay-2
add_node pt-farol PT
add_node es-faro ES "" 'retention: {closed_after_ack: 1s, closed_latest: 2s}'
add_node fr-phare FR
sign
everyone_up
check "pictures: made" picture png one.png 2400 1800 1
check "pictures: another" picture png two.png 500 700 2
check "pictures: a bomb" picture bomb bomb.png

# --- what is no photo ------------------------------------------------------------------------------------------------
draft case.json Leonor
send() { cli "$1" pt-farol publish case.json --live --to ES,FR --confirm Leonor "${@:2}"; }
head -c 20000 one.png >cut.png
printf 'GIF89a\1\0\1\0' >gif.gif
head -c 300000 /dev/urandom >random.bin
head -c 21000000 /dev/zero >large.bin
check "refused: a bomb (2)" send 2 --photo bomb.png
check "refused: and its pixels are named" says '60000 x 60000 pixels; the limit is 50 million'
check "refused: half a picture (2)" send 2 --photo cut.png
check "refused: and it is said" says 'cut.png.*damaged'
check "refused: neither JPEG nor PNG (2)" send 2 --photo gif.gif
check "refused: and it is said" says 'neither JPEG nor PNG'
check "refused: random bytes (2)" send 2 --photo random.bin
check "refused: over 20 MiB (2)" send 2 --photo large.bin
check "refused: a file that is not there (3)" send 3 --photo nobody.png
check "refused: four photos (2)" send 2 --photo two.png --photo two.png --photo two.png --photo two.png
check "refused: an upload that nobody made (2)" bash -c "jq '.photos=[{\"upload\":\"00112233445566778899aabbccddeeff\"}]' case.json >up.json"
check "refused: and it is named" cli 2 pt-farol publish up.json --live --to ES --confirm Leonor
check "refused: by its path" says 'photos\[0\]\.upload'
check "nothing of all that was sent" bash -c "[ \"\$('$bin/hotline' --node pt-farol.sock inbox --sent -o json | jq length)\" = 0 ]"

# --- the photo -------------------------------------------------------------------------------------------------------
check "published with a photo, delivered" publish pt-farol case.json p1.json --live --to ES,FR --confirm Leonor --photo one.png --wait delivered -W 10s
ref=$(jq -r .reference p1.json)
check "pt-farol's log: who handed it in, and nothing about it" log_says pt-farol "msg=act account=$(id -un) act=\"POST /v1/photos\" case=\"?-"
check "es-faro: the thumbnail came with the alert" shows es-faro "$ref" '.case.photos[0].thumbnail | length > 400'
check "es-faro: its size and kind are said" shows es-faro "$ref" '.case.photos[0] | .width_px==1600 and .height_px==1200 and .mime_type=="image/jpeg" and .size_bytes<=400000'
check "es-faro: the key stays inside" shows es-faro "$ref" '.case.photos[0] | has("key") | not'
for m in es-faro fr-phare; do check "$m: the photo itself" within 15 shown $m "$ref" 1; done
for m in es-faro fr-phare; do check "ladder: the photo column of $m" within 10 column pt-farol "$ref" $m 1; done
check "ladder: the state is what it was" ladder pt-farol "$ref" es-faro DELIVERED
check "es-faro: saves it" saved es-faro "$ref" 1 got.jpg
check "pt-farol: saves its own" saved pt-farol "$ref" 1 own.jpg
check "the same bytes" cmp got.jpg own.jpg
check "a JPEG of at most 400 kB" bash -c "[ \$(stat -c %s got.jpg) -le 400000 ]"
check "a JPEG by its magic" is_jpeg got.jpg
check "no word of the picture's own" no_text 'GPS-Canary|Exif|tEXt' got.jpg
check "no second photo (3)" cli 3 es-faro show "$ref" --photo 2 -o no.jpg
check "relay-1 keeps it once" rows_are relay-1.db "SELECT count(*) FROM blobs" 1
check "no pixel at the relays or at rest" no_text 'JFIF' relay-1.db relay-2.db pt-farol.db es-faro.db relay-1.db-wal es-faro.db-wal

# --- another one, with EXIF, added ------------------------------------------------------------------------------------
check "pictures: with a GPS text and a second file" picture exif got.jpg gps.jpg 6
check "pictures: it holds them" grep -aq GPS-Canary gps.jpg
check "update: another photo is added" at pt-farol update "$ref" case.json --photo gps.jpg
check "es-faro: has both" within 15 shown es-faro "$ref" 2
check "ladder: both" within 10 column pt-farol "$ref" es-faro 2
check "es-faro: saves the second" saved es-faro "$ref" 2 second.jpg
check "EXIF is gone, and what hid behind the end" no_text 'GPS-Canary|Exif' second.jpg
check "it was turned upright" shows es-faro "$ref" '.case.photos[1] | .width_px==1200 and .height_px==1600'
check "es-faro: the first is the same" saved es-faro "$ref" 1 again.jpg
check "and was not sent again" cmp got.jpg again.jpg
check "update without a word of photos keeps them" at pt-farol update "$ref" case.json
check "es-faro: revision 3" within 5 field es-faro "$ref" revision 3
check "es-faro: both still" shown es-faro "$ref" 2

# --- everybody is killed on the way -----------------------------------------------------------------------------------
murder fr-phare
draft second.json Duarte '.child.family_name="Canary-Falcao"'
check "fr-phare down: a second case with three photos" publish pt-farol second.json p2.json --live --to ES,FR --confirm Duarte --photo one.png --photo two.png --photo gps.jpg --wait accepted -W 10s
ref2=$(jq -r .reference p2.json)
murder relay-1 pt-farol
up relay-1 pt-farol
check "relay-1 and pt-farol killed: es-faro has all three" within 30 shown es-faro "$ref2" 3
for i in 1 2 3; do
    up fr-phare
    within 3 has fr-phare "$ref2"
    murder fr-phare
done
murder relay-2
up fr-phare
check "fr-phare killed again and again: all three" within 40 shown fr-phare "$ref2" 3
up relay-2
check "ladder: all three at FR" within 30 column pt-farol "$ref2" fr-phare 3
murder relay-2
rm -f relay-2.db*
up relay-2
check "relay-2 lost its disk: it has the blobs again" within 40 rows_are relay-2.db "SELECT count(*) FROM blobs WHERE whole = 1" 5
murder fr-phare relay-1
rm -f fr-phare.db*
up fr-phare
check "fr-phare lost its disk: all three, from relay-2 alone" within 40 shown fr-phare "$ref2" 3
up relay-1

# --- the process that decodes is ended ---------------------------------------------------------------------------------
worker_of() { # worker_of MEMBER: the process that takes pictures: the child of the node's child
    local keeper
    keeper=$(pgrep -P "${pid[$1]}" | head -n 1) && pgrep -P "$keeper"
}
other_worker() { local now; now=$(worker_of "$1") && [ "$now" != "$2" ]; }                     # other_worker MEMBER BEFORE
worker=$(worker_of pt-farol)
check "pt-farol: the process that decodes is ended" kill -9 "$worker"
check "pt-farol: and begun anew" within 10 other_worker pt-farol "$worker"
check "pt-farol: its helper killed, and a photo is taken in" publish pt-farol case.json p4.json --live --to ES --confirm Leonor --photo two.png --wait accepted -W 10s
check "es-faro: the photo of that case" within 20 shown es-faro "$(jq -r .reference p4.json)" 1

# --- an alert does not wait for a photo -------------------------------------------------------------------------------
# steps MEMBER REFERENCE RECIPIENT JQ: of the ladder's times, in milliseconds
steps() {
    at "$1" show "$2" -o json | jq -e --arg m "$3" "def ms: ((.[0:19] + \"Z\") | fromdateiso8601) * 1000 + (.[20:23] | tonumber);
        .ladder[] | select(.member==\$m) | $4"
}
check "a case with three photos" publish pt-farol case.json p3.json --live --to ES --confirm Leonor --photo one.png --photo one.png --photo one.png --wait delivered -W 5s
ref3=$(jq -r .reference p3.json)
check "the alert was delivered within 1 s" steps pt-farol "$ref3" es-faro '(.delivered_at | ms) - (.queued_at | ms) < 1000'
check "es-faro: its photos come" within 20 shown es-faro "$ref3" 3
check "ladder: they too" within 10 column pt-farol "$ref3" es-faro 3
check "and came after the alert" steps pt-farol "$ref3" es-faro '(.photos_at | ms) >= (.delivered_at | ms)'

# --- erased with its case ----------------------------------------------------------------------------------------------
check "closed" at pt-farol close "$ref3" --outcome found-safe
check "es-faro: acknowledges the closing" within 5 field es-faro "$ref3" state CLOSED
check "es-faro: knows" at es-faro ack "$ref3" --as Pilar
check "ladder: ERASED" within 20 ladder pt-farol "$ref3" es-faro ERASED
check "es-faro: no photo any more (3)" cli 3 es-faro show "$ref3" --photo 1 -o no.jpg
check "the relays dropped it with the closing" within 10 rows_are relay-1.db "SELECT count(*) FROM blobs" 6
for m in "${members[@]}"; do check "$m: stops, and its helper with it" down "$m"; done
finish

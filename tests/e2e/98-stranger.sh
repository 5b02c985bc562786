#!/usr/bin/env bash
# A node that was written from docs/protocol.md alone, in another language, as one of three members of a real network of two
# relays: joins, receives, acknowledges, publishes, grants late, closes, comes back after a kill and after the loss of its disk; and
# what it does wrong is refused by name. usage: 98-stranger.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
. "$here/stranger.sh"
need_stranger
refused() { # refused CODE: it tells one that is wrong in this way, and both relays say so
    tell "{\"do\":\"wrong\",\"how\":\"$1\",\"reference\":\"$own\"}"
    within 5 heard refused ".code==\"$1\"" 2
}

no_gap() { at "$1" status -o json | jq -e '[.warnings[] | select(.code=="GAP")] == []'; }           # no_gap MEMBER

authority
add_relay relay-1
add_relay relay-2
add_node nl-baak NL
add_node be-een BE
at_fremd
sign

check "the golden vectors, taken apart by its code" "$python" "$stranger/check_vectors.py"

# --- joining --------------------------------------------------------------------------------------------------------
everyone_up
meet --subscribe NL
check "both relays welcome it" within 10 heard welcome '.held==0' 2
check "it signs its first card" within 5 heard card true
stop_here_unless_green
check "a relay says that the others are there" within 5 heard presence '.member=="nl-baak" and .connected' 2
check "pulses are answered with their echo" within 10 heard pulse .echoed 2

# --- receiving ------------------------------------------------------------------------------------------------------
draft alert.json Leonor
check "nl-baak: publishes to AT, waits for DELIVERED" publish nl-baak alert.json p1.json --live --to AT --confirm Leonor --wait delivered -W 10s
ref=$(jq -r .reference p1.json)
check "the stranger opened it" heard received ".reference==\"$ref\" and .name==\"Leonor\" and .status==\"ACTUAL\" and .sequence==1"
check "exactly once" [ "$(jq -s '[.[] | select(.event=="received")] | length' stranger.events)" = 1 ]
check "nl-baak: DELIVERED" ladder nl-baak "$ref" at-fremd DELIVERED
check "both relays took the receipt" within 5 heard taken .left==0 2
tell "{\"do\":\"acknowledge\",\"reference\":\"$ref\"}"
check "nl-baak: ACKNOWLEDGED" within 5 ladder nl-baak "$ref" at-fremd ACKNOWLEDGED
tell "{\"do\":\"reply\",\"reference\":\"$ref\",\"text\":\"Seen in Wien\"}"
check "nl-baak: reads the reply" within 5 shows nl-baak "$ref" '[.. | .text? // empty] | index("Seen in Wien") != null'
draft two.json Duarte
check "be-een: to NL alone" publish be-een two.json p2.json --live --to NL --confirm Duarte --wait delivered -W 10s
check "the stranger subscribes to NL: it hears" within 5 heard received '.name=="Duarte" and .sender=="be-een"'
draft drill.json Probe
check "nl-baak: a drill" publish nl-baak drill.json p3.json --exercise --to AT --confirm Probe --wait delivered -W 10s
check "it opens as a drill" heard received '.name=="Probe" and .status=="EXERCISE" and .sequence==2'
check "nl-baak: updates" at nl-baak update "$ref" alert.json --wait delivered -W 10s
check "the update carries its case's number" heard received '.act=="UPDATE" and .sequence==1'
check "nl-baak: closes" at nl-baak close "$ref" --outcome found-safe
check "it opens the closing" within 5 heard received '.act=="CLOSE" and .outcome=="FOUND_SAFE"'

# --- publishing -----------------------------------------------------------------------------------------------------
tell '{"do":"open","name":"Nepomuk","to":["NL"]}'
check "both relays accept it" within 5 heard accepted '.granted==["nl-baak"] and .present==["nl-baak"] and .unreached==[]' 2
own=$(field_of published .reference)
check "nl-baak: has it once" within 5 has nl-baak "$own"
check "nl-baak: whole" shows nl-baak "$own" '.case.child.given_name=="Nepomuk" and .case.child.age_years==11 and .status=="ACTUAL" and .state=="OPEN"'
check "be-een: not" hasnt be-een "$own"
check "DELIVERED comes back, verified" within 5 heard receipt '.recipient=="nl-baak" and .state=="DELIVERED"'
check "nl-baak: acknowledges" at nl-baak ack "$own" --as Joost
check "ACKNOWLEDGED comes back, verified" within 5 heard receipt '.recipient=="nl-baak" and .state=="ACKNOWLEDGED"'
check "nl-baak: replies" at nl-baak reply "$own" --message "We take it on"
check "the stranger reads the reply" within 5 heard received '.act=="REPLY" and .text=="We take it on"'
tell '{"do":"open","name":"Ida","to":["BE"],"exercise":true,"forget":["be-een"]}'
check "published with no grant: wanted" within 5 heard accepted '.wanted==["be-een"] and .granted==[]'
check "GrantWanted is answered, the grant accepted" within 5 heard accepted '.granted==["be-een"]'
drill=$(field_of published .reference)
check "be-een: has the drill" within 5 shows be-een "$drill" '.case.child.given_name=="Ida" and .status=="EXERCISE"'

tell '{"do":"open","name":"Ute","to":["NL"],"skip":["nl-baak"]}'
check "a number is left out" within 5 heard accepted '.granted==["nl-baak"]' 4
gap_at=$(now_ms)

# --- what it does wrong ---------------------------------------------------------------------------------------------
for code in BAD_SIGNATURE NOT_SENDER MALFORMED EXPIRED FROM_THE_FUTURE VALIDITY_TOO_LONG DISPUTED NOBODY; do
    check "wrong in one way: $code" refused "$code"
done
check "nl-baak: has seen none of that" inbox_is nl-baak 3
goodbyes=0
for how in type length cut empty not_permitted malformed; do
    goodbyes=$((goodbyes + 1))
    tell "{\"do\":\"garbage\",\"how\":\"$how\",\"relay\":\"relay-1\"}"
    check "garbage after Hello ($how): Goodbye PROTOCOL" within 5 heard goodbye '.relay=="relay-1" and .code=="PROTOCOL"' $goodbyes
    tell '{"do":"hello","relay":"relay-1"}'
    check "and Hello again: Welcome" within 5 heard welcome '.relay=="relay-1"' $((goodbyes + 1))
done

# --- a number that never came: reported after a minute, and void ---------------------------------------------------------
check "nl-baak: reports the gap" within 75 heard gap '.recipient=="nl-baak" and .missing==[3]'
check "not sooner than after a minute" [ $(($(now_ms) - gap_at)) -ge 59000 ]
check "nl-baak: void, the gap is closed" within 10 no_gap nl-baak

# --- what a relay cannot see ---------------------------------------------------------------------------------------------
for code in BAD_GRANT BAD_COMMITMENT BAD_BODY; do
    tell "{\"do\":\"spoilt\",\"how\":\"$code\",\"name\":\"Spoilt\",\"to\":[\"NL\"]}"
    check "what a relay cannot see, nl-baak does: Unreadable $code" within 5 heard cannot_read ".recipient==\"nl-baak\" and .code==\"$code\""
done
check "nl-baak: has seen none of that" inbox_is nl-baak 3
tell '{"do":"spoilt","how":"NO_KEY","name":"Late","to":["NL"]}'
check "a grant for a key that nl-baak does not hold: NO_KEY" within 5 heard cannot_read '.code=="NO_KEY"'
check "granted again for the key of its card: it opens" within 5 has nl-baak "$(field_of published .reference)"

# --- coming back ----------------------------------------------------------------------------------------------------
murder stranger
exec 7>&-
draft while.json Alma
check "nl-baak: publishes meanwhile" publish nl-baak while.json p4.json --live --to AT --confirm Alma --wait accepted -W 10s
meet
check "killed and back: gets it" within 10 heard received '.name=="Alma" and .sequence==4'
check "and nothing that it had" [ "$(jq -s '[.[] | select(.event=="received")] | length' stranger.events)" = 1 ]
tell "{\"do\":\"close\",\"reference\":\"$own\"}"
check "it closes its case" within 5 shows nl-baak "$own" '.state=="CLOSED"'
check "DELIVERED of the closing comes back" within 5 heard receipt '.revision==2 and .state=="DELIVERED"'
murder stranger
exec 7>&-
rm stranger.json
meet
check "disk lost: its own come back, with who was granted" within 15 heard recovered ".reference==\"$own\" and .granted==[\"nl-baak\"]"
check "its subscriptions too: be-een's case" within 10 heard received '.name=="Duarte"'
check "and what it was granted, under its new key" within 10 heard received '.name=="Alma"'
check "nothing stays unreadable for nl-baak" within 10 ladder nl-baak "$(jq -r .reference p4.json)" at-fremd DELIVERED
tell '{"do":"open","name":"Rosa","to":["NL"]}'
check "its references resume above" within 5 heard published '.reference | endswith("-00008")'
check "nl-baak: has the next one" within 5 has nl-baak "$(field_of published .reference)"

# --- rosters --------------------------------------------------------------------------------------------------------
check "be-een is withdrawn" h roster withdraw net be-een
sign
kill -HUP "${pid[relay-1]}" "${pid[relay-2]}"
check "the stranger takes the next roster" within 10 heard roster .version==2
tell '{"do":"open","name":"Ilse","to":["BE"]}'
check "nobody is left in BE, by its rule and the relays'" within 5 heard refused '.code=="NOBODY"' 2
check "it granted nobody" [ "$(field_of published '.granted | length')" = 0 ]
check "at-fremd is withdrawn" h roster withdraw net at-fremd
sign
kill -HUP "${pid[relay-1]}"
check "it gets the roster that says so, and Goodbye" within 10 heard goodbye '.relay=="relay-1" and .code=="WITHDRAWN"'
check "which it believes from the roster" heard roster .version==3
tell '{"do":"stop"}'
check "it leaves" within 5 heard stopped true
finish

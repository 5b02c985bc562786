#!/usr/bin/env bash
# A parental abduction is handed to the mediators of two countries: no name, no case; accepted, declined, too late.
# usage: 47-referral.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
add_mediator() { # add_mediator ID COUNTRY [LINE...]
    take_port "$1"
    members+=("$1")
    check "$1: key" h key generate --member "$1" --country "$2" --name "Mediators $2" -o "$1.key" --request "$1.request" --no-passphrase
    check "$1: on the roster as a mediator" h roster add net "$1.request" --role mediator --phone +3225550000
    configure_node "$1" "PT, ES" "${@:3}"
}
authority
add_relay relay-1
add_relay relay-2
add_node pt-farol PT
add_node es-faro ES
add_mediator es-puente ES 'retention: {closed_after_ack: 1s, closed_latest: 30s, sent_in_error_after_ack: 1s, sent_in_error_latest: 30s}'
add_mediator fr-pont FR
add_mediator de-bruecke DE
sign
everyone_up
draft case.json Leonor
draft runaway.json Duarte '.category="RUNAWAY"'
check "publish" publish pt-farol case.json p.json --live --to ES,FR --confirm Leonor --wait delivered -W 10s
ref=$(jq -r .reference p.json)
check "a case does not go to mediators: not in the plan" jq -e '[.ladder[].member] == ["es-faro"]' p.json
check "publish a runaway" publish pt-farol runaway.json q.json --live --to ES --confirm Duarte --wait delivered -W 10s
other=$(jq -r .reference q.json)

# --- refusals -------------------------------------------------------------------------------------------------------
refer=(--languages es,pt --countries ES,FR --answer-by 48h)
check "refer: without languages (2)" cli 2 pt-farol refer "$ref" --countries ES --answer-by 48h
check "refer: without a deadline (2)" cli 2 pt-farol refer "$ref" --languages es --countries ES
check "refer: no such country (2)" cli 2 pt-farol refer "$ref" --languages es --countries ZZ --answer-by 48h
check "refer: another's case (5)" cli 5 es-faro refer "$ref" "${refer[@]}"
check "refer: another category (5)" cli 5 pt-farol refer "$other" "${refer[@]}"
check "refer: the text names the child (5)" cli 5 pt-farol refer "$ref" "${refer[@]}" --text "leonor is with her father"
check "refer: and it is said" says 'names the child'
check "refer: countries without a mediator (5)" cli 5 pt-farol refer "$ref" --languages es --countries SE --answer-by 48h
check "refer: more than 30 days (2)" cli 2 pt-farol refer "$ref" --languages es --countries ES --answer-by 40d

check "refer: a dry run says what the text holds" bash -c '"$0" --node pt-farol.sock --no-input refer "$@" 2>&1 | grep -q "Nothing was sent.*a telephone number"' "$bin/hotline" "$ref" "${refer[@]}" --text "Ring +351 21 555 0100" --dry-run
check "refer: and sends nothing" bash -c '"$0" --node pt-farol.sock referrals -o json | true_of ". == []"' "$bin/hotline"

# --- asked ----------------------------------------------------------------------------------------------------------
check "refer" at pt-farol refer "$ref" "${refer[@]}" --text "Two parents, one child" --age 8 --children 1 --hague-pending -o json
at pt-farol referrals -o json >r.json
id=$(jq -r '.[0].referral_id' r.json)
check "refer: to the mediators of its countries alone" jq -e '[.[0].ladder[].member] | sort == ["es-puente", "fr-pont"]' r.json
referrals() { at "$1" referrals -o json | true_of "${@:2}"; } # referrals MEMBER JQ...
for m in es-puente fr-pont; do
    check "$m: has the referral" within 5 referrals $m --arg r "$ref" '.[0] | .reference == $r and .languages == ["es","pt"] and .hague_pending and .state == "OPEN" and .phone != null'
    check "$m: and no case" inbox_is $m 0
    check "$m: nor the name" bash -c '! "$0" --node "$1.sock" referrals -o json | grep -qE "Leonor|Canary|Vieira|Lisboa"' "$bin/hotline" $m
done
check "de-bruecke: has nothing" referrals de-bruecke '. == []'
check "es-faro: the hotline has no referral" referrals es-faro '. == []'
told() { at es-puente watch --after 0 -W 1s -o jsonl | true_of -s --arg r "$ref" 'any(.type=="referral.received" and .kind=="REQUEST" and .reference==$r)'; }
check "es-puente: told by an event" within 5 told
check "pt-farol: DELIVERED" within 5 referrals pt-farol '[.[0].ladder[].state] == ["DELIVERED","DELIVERED"]'

# --- answered -------------------------------------------------------------------------------------------------------
check "decline: an unknown code (2)" cli 2 fr-pont referral "${id:0:8}" --decline busy
check "decline" at fr-pont referral "${id:0:8}" --decline no-language
check "decline: pt-farol sees the code" within 5 referrals pt-farol '[.[0].answers[] | [.member, .act, .decline]] == [["fr-pont","DECLINE","NO_LANGUAGE"]] and .[0].state == "OPEN"'
check "accept" at es-puente referral "$id" --accept --text "We call today"
check "accept: pt-farol sees it" within 5 referrals pt-farol '.[0].state == "ACCEPTED" and ([.[0].answers[] | select(.act=="ACCEPT") | .text] == ["We call today"])'
check "accept: fr-pont does not" referrals fr-pont '.[0].state == "DECLINED" and (.[0].answers | length == 1)'
check "answered once (5)" cli 5 es-puente referral "$id" --decline other
check "the requester does not answer (5)" cli 5 pt-farol referral "$id" --accept
check "the case's thread holds no referral" shows pt-farol "$ref" '.thread == []'
check "no such referral (3)" cli 3 es-puente referral ffffffff --accept
murder es-puente pt-farol
up es-puente pt-farol
for m in es-puente pt-farol; do check "$m: up again" within 20 connected $m; done
check "restart: the answer stays" referrals es-puente '.[0].state == "ACCEPTED"'
check "restart: at the requester too" referrals pt-farol '.[0].state == "ACCEPTED" and (.[0].answers | length == 2)'

# --- too late -------------------------------------------------------------------------------------------------------
check "refer: within two seconds" at pt-farol refer "$ref" --languages es --countries FR --answer-by 2s
late() { referrals fr-pont 'any(.state == "EXPIRED")'; }
check "late: EXPIRED" within 10 late
second=$(at fr-pont referrals -o json | jq -r '.[] | select(.state=="EXPIRED") | .referral_id')
check "late: an answer is refused (5)" cli 5 fr-pont referral "$second" --accept
check "late: with the way out" says 'ring the hotline'
check "refer: an address in the text is warned of (0)" cli 0 pt-farol refer "$ref" --languages es --countries FR --answer-by 48h --text "Rua Augusta 12"
check "refer: in words" says 'seems to hold a street address'

# --- the case is closed: whoever mediates, or may still accept, is told to stop -------------------------------------
check "withdrawn: asked again, of three" at pt-farol refer "$ref" --languages es --countries ES,FR,DE --answer-by 48h
third=$(at pt-farol referrals -o json | jq -r '.[0].referral_id')
for m in es-puente fr-pont de-bruecke; do check "withdrawn: $m is asked" within 5 referrals $m --arg i "$third" 'any(.referral_id == $i)'; done
check "withdrawn: es-puente accepts" at es-puente referral "$third" --accept
check "withdrawn: fr-pont declines" at fr-pont referral "$third" --decline other
answers() { referrals pt-farol --arg i "$third" '.[] | select(.referral_id == $i) | .answers | length == 2'; }
check "withdrawn: pt-farol has both answers" within 5 answers
murder de-bruecke
check "withdrawn: the case is closed" at pt-farol close "$ref" --outcome found-safe --found-country ES
is() { referrals "$1" --arg i "$2" --arg s "$3" '.[] | select(.referral_id == $i) | .state == $s'; } # is MEMBER REFERRAL STATE
check "withdrawn: at pt-farol" is pt-farol "$third" WITHDRAWN
check "withdrawn: es-puente, that accepted" within 5 is es-puente "$third" WITHDRAWN
check "withdrawn: and the one that it accepted before" within 5 is es-puente "$id" WITHDRAWN
stopped() { at es-puente watch --after 0 -W 300ms -o jsonl | true_of -s --arg r "$ref" 'any(.type=="referral.received" and .kind=="WITHDRAW" and .reference==$r)'; }
check "withdrawn: es-puente is told by an event" within 5 stopped
murder es-puente
up es-puente
check "withdrawn: over a restart" within 10 is es-puente "$third" WITHDRAWN
up de-bruecke
check "withdrawn: de-bruecke, that was away" within 15 is de-bruecke "$third" WITHDRAWN
check "withdrawn: an answer is refused (5)" cli 5 de-bruecke referral "$third" --accept
check "withdrawn: and it is said why" says 'its case is over'
check "withdrawn: fr-pont had declined, and is told nothing" is fr-pont "$third" DECLINED
check "withdrawn: nor of what had expired" is fr-pont "$second" EXPIRED
check "withdrawn: mediators hold no case" inbox_is es-puente 0
check "withdrawn: with no word of the outcome" bash -c '! "$0" --node de-bruecke.sock referrals -o json | grep -q FOUND_SAFE' "$bin/hotline"
check "withdrawn: erased there in its time" within 90 referrals es-puente '. == []'

# --- opened again, referred anew ------------------------------------------------------------------------------------
check "anew: the case is opened again" at pt-farol update "$ref" case.json
check "anew: referred" at pt-farol refer "$ref" --languages es --countries ES --answer-by 48h
check "anew: es-puente is asked, though it had erased the first" within 5 referrals es-puente '[.[].state] == ["OPEN"]'
check "anew: accepts" at es-puente referral "$(at es-puente referrals -o json | jq -r '.[0].referral_id')" --accept
murder es-puente
up es-puente
check "anew: es-puente up again" within 20 connected es-puente
check "anew: over a restart" referrals es-puente '[.[].state] == ["ACCEPTED"]'
check "anew: retracted" at pt-farol retract "$ref" --reason "wrong child"
check "anew: withdrawn" within 5 referrals es-puente '[.[].state] == ["WITHDRAWN"]'
finish

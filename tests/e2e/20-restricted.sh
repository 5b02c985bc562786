#!/usr/bin/env bash
# A restricted case goes to the countries named and to no subscriber; what must be restricted cannot be published otherwise.
# usage: 20-restricted.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
authority
add_relay relay-1
add_relay relay-2
add_node pt-farol PT
add_node es-faro ES
add_node fr-phare FR "PT, ES"
add_node lu-liicht LU
sign
everyone_up

draft plain.json Aurora
draft legal.json Leonor '.legal={"basis":["SOLE_CUSTODY"],"reference":"Custody order 7"}'
draft medical.json Leonor '.child.medical_needs=[{"need":"INSULIN"}]'
live=(--live --to ES --confirm Leonor)
check "legal group, not restricted (5)" cli 5 pt-farol publish legal.json "${live[@]}"
check "legal group: named" says 'legal'
check "legal group: with the way out" says 'Add --restricted'
check "medical need, not restricted (5)" cli 5 pt-farol publish medical.json "${live[@]}"
check "medical need: named" says 'medical'
check "medical need: with the way out" says 'Add --restricted'
check "a dry run is refused alike (5)" cli 5 pt-farol publish legal.json "${live[@]}" --dry-run
check "restricted: delivered to all of its ladder" publish pt-farol legal.json p.json "${live[@]}" --restricted --wait delivered -W 10s
ref=$(jq -r .reference p.json)
check "restricted: the ladder is the country named, no subscriber" true_of '[.ladder[].member] == ["es-faro"] and .restricted' p.json
check "es-faro: has it, marked restricted" within 5 field es-faro "$ref" restricted true
check "es-faro: the legal group arrived" shows es-faro "$ref" '.case.legal.reference == "Custody order 7"'
# What comes after it on the same relays was there before: then its silence is an answer.
check "an unrestricted case follows" publish pt-farol plain.json q.json --live --to ES --confirm Aurora --wait delivered -W 10s
plain=$(jq -r .reference q.json)
check "fr-phare: the subscriber has the unrestricted one" within 5 has fr-phare "$plain"
check "fr-phare: and nothing of the restricted one" hasnt fr-phare "$ref"
check "lu-liicht: subscribes late" at lu-liicht subscribe PT
check "lu-liicht: gets the unrestricted one" within 15 has lu-liicht "$plain"
check "lu-liicht: not the restricted one" hasnt lu-liicht "$ref"
jq '.why_urgent="The lawyer called"' legal.json >update.json
check "update of the restricted case" at pt-farol update "$ref" update.json
check "es-faro: revision 2" within 5 field es-faro "$ref" revision 2
jq '.legal={"basis":["HAGUE_1980"]}' plain.json >update.json
check "an update may not bring the legal group into an open case (5)" cli 5 pt-farol update "$plain" update.json
check "and is told the way out" says 'legal.*close it and open a restricted one'
check "close of the restricted case" at pt-farol close "$ref" --outcome found-safe
check "es-faro: CLOSED" within 5 field es-faro "$ref" state CLOSED
check "es-faro: replies on the other" at es-faro reply "$plain" --message "Nothing at the station"
check "pt-farol: has the reply" within 5 shows pt-farol "$plain" '[.thread[].text] == ["Nothing at the station"]'
for m in fr-phare lu-liicht; do check "$m: still nothing of it" hasnt $m "$ref"; done

# --- what waits for the grant of a sender that is away is told, with whom to call ----------------------------------------
draft third.json Elsa
check "fr-phare: a case" publish fr-phare third.json t.json --live --to ES --confirm Elsa --wait delivered -W 10s
third=$(jq -r .reference t.json)
murder fr-phare
pending() { at lu-liicht status -o json | true_of --argjson w "$1" '[.inbox.pending[] | [.member, .urgency, .phone]] | unique == $w'; }
check "lu-liicht: nothing is pending" pending '[]'
check "lu-liicht: subscribes to FR while its sender is away" at lu-liicht subscribe --add FR
check "lu-liicht: pending, with the sender's phone" within 15 pending '[["fr-phare","IMMEDIATE","+3225550000"]]'
check "lu-liicht: in words" bash -c "'$bin/hotline' --node lu-liicht.sock --no-input status | grep -q 'PENDING.*fr-phare.*call +3225550000'"
check "lu-liicht: has nothing of it" hasnt lu-liicht "$third"
up fr-phare
check "fr-phare is back: lu-liicht has it" within 20 has lu-liicht "$third"
check "lu-liicht: nothing is pending any more" within 10 pending '[]'
finish

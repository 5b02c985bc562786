#!/usr/bin/env bash
# An alert crosses a border: two relays, six hotlines, refusals, crashes, lost disks, a late joiner, drills, a withdrawn member.
# usage: 10-border.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
words='Canary|Vieira|Falcao|Leonor|Duarte|Oriente|Canfranc'

# --- the authority, offline -----------------------------------------------------------------------------------------
authority
add_relay relay-1
add_relay relay-2
add_node pt-farol PT
add_node es-faro ES
add_node fr-phare FR "BE, ES"
add_node nl-baak NL "PT, FR"
add_node pl-latarnia PL "DE"
add_node lu-liicht LU "BE"
sign
check "roster: verifies" h roster verify roster.signed --authority net/authority.pub
python3 -c 'd=bytearray(open("roster.signed","rb").read()); d[len(d)//2]^=1; open("tampered.signed","wb").write(d)'
check "roster: a changed bit is refused (5)" exits 5 "$bin/hotline" roster verify tampered.signed --authority net/authority.pub
checked() { "$bin/hotline-relay" --config relay-1.yaml --check-config && "$bin/hotline-node" --config pt-farol.yaml --check-config; }
check "configuration: checked" checked
check "configuration: and nothing made by it" bash -c '! ls *.db *.sock 2>/dev/null'
sed 's/^listen/lisen/' relay-1.yaml >bad.yaml
check "configuration: an unknown key is refused (2)" exits 2 "$bin/hotline-relay" --config bad.yaml --check-config
check "configuration: and named with its line and the nearest" bash -c 'cat said.log err.log | grep -E "bad.yaml:6.*lisen.*listen"'
sed 's/^console.*/console: 70000/' pt-farol.yaml >bad.yaml
check "configuration: a wrong port is refused (2)" exits 2 "$bin/hotline-node" --config bad.yaml --check-config
check "configuration: and named with its line" bash -c 'cat said.log err.log | grep -E "bad.yaml:7.*console"'

# --- the network ----------------------------------------------------------------------------------------------------
everyone_up

# --- refusals before anything is sent -------------------------------------------------------------------------------
draft case.json Leonor
draft second.json Duarte '.child.family_name="Canary-Falcao" | .child.sex="MALE" | .category="RUNAWAY"'
check "publish: neither live nor exercise (2)" cli 2 pt-farol publish case.json --to ES,FR
check "publish: both (2)" cli 2 pt-farol publish case.json --live --exercise --to ES --confirm Leonor
check "publish: live without confirmation (2)" cli 2 pt-farol publish case.json --live --to ES,FR
check "publish: live with a wrong name (2)" cli 2 pt-farol publish case.json --live --to ES,FR --confirm Leandra
check "publish: no recipients (2)" cli 2 pt-farol publish case.json --live --confirm Leonor
check "publish: no such country (2)" cli 2 pt-farol publish case.json --live --to ZZ --confirm Leonor
check "publish: and it is named" says 'ZZ'
jq 'del(.last_seen.country)' case.json >part.json
check "publish: a missing required field (2)" cli 2 pt-farol publish part.json --live --to ES --confirm Leonor
check "publish: and it is named" says 'last_seen\.country'
jq '.child.hair.colour="PURPLISH"' case.json >part.json
check "publish: an unknown code (2)" cli 2 pt-farol publish part.json --live --to ES --confirm Leonor
check "publish: and it is named" says 'child\.hair\.colour'
jq '.child.shoe_size=31' case.json >part.json
check "publish: an unknown field (2)" cli 2 pt-farol publish part.json --live --to ES --confirm Leonor
check "publish: and it is named" says 'child\.shoe_size'
head -c 300 case.json >cut.json
check "publish: half a file (2)" cli 2 pt-farol publish cut.json --live --to ES --confirm Leonor
check "publish: and the line is named" says 'cut\.json:[0-9]+'
check "publish: a dry run says who would get it" at pt-farol publish case.json --live --to ES,FR --confirm Leonor --dry-run
check "nothing of all that was sent" bash -c "[ \"\$('$bin/hotline' --node pt-farol.sock inbox --sent -o json | jq length)\" = 0 ]"

# --- the alert ------------------------------------------------------------------------------------------------------
check "publish: live, delivered to all within 10 s" publish pt-farol case.json p1.json --live --to ES,FR --confirm Leonor --wait delivered -W 10s
ref=$(jq -r .reference p1.json)
for m in es-faro fr-phare nl-baak; do check "$m: has it once" within 5 has $m "$ref"; done
for m in pl-latarnia lu-liicht; do check "$m: has nothing" hasnt $m "$ref"; done
check "es-faro: every field arrived" shows es-faro "$ref" '.case.child.family_name=="Canary-Vieira" and .case.police.reference=="PX-7781" and .case.child.clothing[0].colour=="BLUE" and .case.last_seen.country=="PT" and .case.likely_countries==["ES","FR"]'
check "ladder: DELIVERED at ES" within 5 ladder pt-farol "$ref" es-faro DELIVERED
check "ladder: names nobody else" shows pt-farol "$ref" '[.ladder[].member] == ["es-faro","fr-phare","nl-baak"]'
check "es-faro: acknowledges" at es-faro ack "$ref" --as Pilar
check "ladder: ACKNOWLEDGED at ES" within 5 ladder pt-farol "$ref" es-faro ACKNOWLEDGED
check "es-faro: replies" at es-faro reply "$ref" --message "Canfranc police informed"
check "pt-farol: sees the reply" within 5 shows pt-farol "$ref" '[.thread[].text] | index("Canfranc police informed") != null'
check "nobody else sees it" shows fr-phare "$ref" '.thread == []'
check "fr-phare: may not revise another's case (5)" cli 5 fr-phare close "$ref" --outcome found-safe
check "lu-liicht: subscribes to PT" at lu-liicht subscribe PT BE
check "lu-liicht: late, and still gets the open case" within 15 has lu-liicht "$ref"
check "ladder: the late one too" within 5 ladder pt-farol "$ref" lu-liicht DELIVERED

# --- one relay dies -------------------------------------------------------------------------------------------------
murder relay-1
jq '.last_seen.place="Canfranc, estacion" | .last_seen.country="ES"' case.json >update.json
check "relay-1 killed: an update still goes out" at pt-farol update "$ref" update.json
for m in es-faro fr-phare nl-baak lu-liicht; do check "$m: revision 2, still one case" within 5 field $m "$ref" revision 2; done
up relay-1
check "relay-1 back: pt-farol on both" within 20 connected pt-farol

# --- a recipient, then everybody dies -------------------------------------------------------------------------------
murder nl-baak
check "nl-baak down: a second case is accepted by two" publish pt-farol second.json p2.json --live --to NL --confirm Duarte --wait accepted -W 10s
ref2=$(jq -r .reference p2.json)
murder relay-1 relay-2 pt-farol
up relay-1 relay-2 nl-baak
check "everything died after accepted: nl-baak gets it once" within 30 has nl-baak "$ref2"
up pt-farol
check "pt-farol back: ladder DELIVERED at NL" within 20 ladder pt-farol "$ref2" nl-baak DELIVERED
check "pt-farol back: connected, all sent" within 20 connected pt-farol
check "nl-baak: still exactly one of each" inbox_is nl-baak 2

# --- disks are lost -------------------------------------------------------------------------------------------------
murder relay-2 fr-phare
rm -f relay-2.db* fr-phare.db*
up relay-2 fr-phare
check "fr-phare lost its disk: gets the open case again" within 30 has fr-phare "$ref"
check "fr-phare: its newest revision" field fr-phare "$ref" revision 2
murder pt-farol
rm -f pt-farol.db*
up pt-farol
recovered() { at pt-farol inbox --sent -o json | true_of --arg r "$1" 'map(.reference) | index($r) != null'; }
check "pt-farol lost its disk: has its own cases again" within 30 recovered "$ref"
check "pt-farol: and the other" within 10 recovered "$ref2"

# --- nobody else can read it ----------------------------------------------------------------------------------------
check "no plain text at the relays" no_text "$words" relay-1.db relay-2.db relay-1.log relay-2.log
check "no plain text in any log" no_text "$words" pt-farol.log es-faro.log nl-baak.log fr-phare.log lu-liicht.log
check "no plain text in the nodes' files at rest" no_text "$words" ./*.db
check "no plain text in the write-ahead logs" bash -c "! grep -aqE '$words' *.db-wal 2>/dev/null"

# --- drills, retraction, withdrawal ---------------------------------------------------------------------------------
draft drill.json Drilla
check "exercise: delivered" publish pt-farol drill.json p3.json --exercise --to ES --confirm Drilla --wait delivered -W 10s
drill=$(jq -r .reference p3.json)
check "the drill's reference is a new one" [ "$drill" != "$ref" ]
check "exercise: marked at the recipient" within 5 field es-faro "$drill" status EXERCISE
check "the case is still ACTUAL" field es-faro "$ref" status ACTUAL
check "retract" at pt-farol retract "$ref" --reason "sent in error"
for m in es-faro fr-phare nl-baak lu-liicht; do check "$m: RETRACTED" within 10 field $m "$ref" state RETRACTED; done
check "authority: withdraws nl-baak" h roster withdraw net nl-baak
check "roster: version 2 signed" h roster sign net -o roster.signed
kill -HUP "${pid[relay-1]}" "${pid[relay-2]}"
for m in pt-farol fr-phare nl-baak; do check "$m: learns version 2" within 10 roster_is $m 2; done
draft third.json Aurora
check "a third case, to FR and NL" publish pt-farol third.json p4.json --live --to FR,NL --confirm Aurora --wait accepted -W 10s
ref3=$(jq -r .reference p4.json)
check "nobody ACTIVE in NL: named to the publisher" true_of '.unreached == ["NL"]' p4.json
check "fr-phare has it" within 5 has fr-phare "$ref3"
check "nl-baak is not on its ladder" off_ladder pt-farol "$ref3" nl-baak
check "nl-baak cannot publish (5)" cli 5 nl-baak publish third.json --live --to FR --confirm Aurora --wait accepted -W 5s
check "close" at pt-farol close "$ref3" --outcome found-safe
check "fr-phare: CLOSED" within 5 field fr-phare "$ref3" state CLOSED
check "nl-baak never got it" hasnt nl-baak "$ref3"
for d in relay-1 relay-2 "${members[@]}"; do check "$d: stops on TERM within 5 s, status 0" down "$d"; done
finish

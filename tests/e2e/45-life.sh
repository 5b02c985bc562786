#!/usr/bin/env bash
# The life of a case as people see it: declined with a code, questions answered, reopened, handed over, renewed, a drill scored.
# usage: 45-life.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
authority
add_relay relay-1
add_relay relay-2
add_node pt-farol PT
add_node es-faro ES
add_node fr-phare FR
sign
everyone_up
seen_as() { at "$1" show "$2" -o json | true_of "${@:3}"; } # seen_as MEMBER CASE JQ-ARGUMENTS...

draft case.json Leonor
live=(--live --to ES,FR --confirm Leonor)
check "publish" publish pt-farol case.json p.json "${live[@]}" --wait delivered -W 10s
ref=$(jq -r .reference p.json)

# --- declined, with a code ------------------------------------------------------------------------------------------
check "decline: no code (2)" cli 2 fr-phare decline "$ref"
check "decline: an unknown code (2)" cli 2 fr-phare decline "$ref" --code too-busy
check "decline: and the codes are named" says 'NOT_COMPETENT'
check "decline: a case of one's own (5)" cli 5 pt-farol decline "$ref" --code duplicate
check "decline" at fr-phare decline "$ref" --code not-competent
check "decline: the inbox says so" field fr-phare "$ref" decline_code NOT_COMPETENT
check "decline: twice (5)" cli 5 fr-phare decline "$ref" --code duplicate
check "decline: on the publisher's ladder" within 5 ladder pt-farol "$ref" fr-phare DECLINED
check "decline: with its code" shows pt-farol "$ref" '.ladder[] | select(.member=="fr-phare") | .decline_code == "NOT_COMPETENT"'
shown() { at "$1" show "$2" | grep -qE -- "$3" || { at "$1" show "$2" | tail -n 1; return 1; }; }
check "decline: in the table too" shown pt-farol "$ref" 'fr-phare +DECLINED.*NOT_COMPETENT'
murder fr-phare
up fr-phare
check "fr-phare: up again" within 20 connected fr-phare
check "decline: the code survives a restart" field fr-phare "$ref" decline_code NOT_COMPETENT
check "decline: the person thinks again" at fr-phare ack "$ref" --as Odile
check "decline: ACKNOWLEDGED now" within 5 ladder pt-farol "$ref" fr-phare ACKNOWLEDGED

# --- a question and its answer --------------------------------------------------------------------------------------
check "question" at es-faro reply "$ref" --question "Which backpack?" --wait delivered -W 10s
check "question: arrives" within 5 shows pt-farol "$ref" '[.thread[].kind] == ["QUESTION"]'
asked=$(at pt-farol show "$ref" -o json | jq -r '.thread[0].id')
check "answer: a message to an own case (5)" cli 5 pt-farol reply "$ref" --message "Hello"
check "answer: without --to (2)" cli 2 pt-farol reply "$ref" --answer "A red one"
check "answer: to nothing (3)" cli 3 pt-farol reply "$ref" --answer "A red one" --to ffffffff
check "answer: from a recipient (5)" bash -c '"$0" --node es-faro.sock reply "$1" --question again --wait accepted && ! "$0" --node es-faro.sock reply "$1" --answer x --to 01' "$bin/hotline" "$ref"
check "answer" at pt-farol reply "$ref" --answer "A red one" --to "${asked:0:20}" --wait delivered -W 10s
check "answer: es-faro has it" within 5 seen_as es-faro "$ref" --arg q "$asked" '[.thread[] | select(.kind=="ANSWER" and .in_reply_to==$q) | .text] == ["A red one"]'
check "answer: fr-phare has not" shows fr-phare "$ref" '.thread == []'
check "answer: says to whom" shows pt-farol "$ref" '[.thread[] | select(.kind=="ANSWER") | .to] == ["es-faro"]'

# --- a sighting, as it was told and graded --------------------------------------------------------------------------
jq -n '{at: "2026-11-21T21:00:00Z", place: "Sevilla, Santa Justa", country: "ES", confidence: "PROBABLE", source_grade: "B", information_grade: 2}' >seen.json
check "sighting: with time, place, confidence and grades" at es-faro reply "$ref" --sighting seen.json --wait delivered -W 10s
sighted() { at pt-farol show "$ref" -o json | true_of --slurpfile s seen.json '[.thread[] | select(.kind=="SIGHTING") | .sighting | .at = (.at | sub("[.]000Z$"; "Z"))] == $s'; }
check "sighting: arrives as it was told" within 5 sighted
check "sighting: its grades are shown to people" shown pt-farol "$ref" 'source grade +.*usually reliable'
check "sighting: fr-phare has nothing of it" shows fr-phare "$ref" '.thread == []'
jq '.information_grade=7' seen.json >bad.json
check "sighting: a grade that there is not (2)" cli 2 es-faro reply "$ref" --sighting bad.json
check "sighting: and it is named" says 'information_grade: 7 is out of range'

# --- reopened, as loud as an opening --------------------------------------------------------------------------------
check "close" at pt-farol close "$ref" --outcome found-safe --found-country ES
check "close: arrives" within 5 field es-faro "$ref" state CLOSED
check "reopen: update after the closing" at pt-farol update "$ref" case.json
check "reopen: OPEN again" within 5 field es-faro "$ref" state OPEN
loud() { at es-faro watch --after 0 -W 1s -o jsonl | true_of -s --arg r "$ref" 'any(.type=="case.received" and .reference==$r and .revision==3)'; }
check "reopen: as loud as an opening" within 5 loud
check "reopen: says what it replaces" seen_as es-faro "$ref" '[.revisions[] | select(.revision==3) | .replaces] as $r | [.revisions[] | select(.revision==2) | .envelope_hash] as $h | $r[0].revision == 2 and $r[0].envelope_hash == $h[0] and ($r[0].wrong | not)'
check "reopen: in the table too" shown es-faro "$ref" 'UPDATE +replaces 2$'

# --- handed over ----------------------------------------------------------------------------------------------------
check "handover: taken over by whom (2)" cli 2 pt-farol close "$ref" --outcome taken-over
check "handover: close" at pt-farol close "$ref" --outcome taken-over --taken-over-by es-faro
check "handover: arrives" within 5 field es-faro "$ref" state CLOSED
check "handover: the old case names the new opener" shows es-faro "$ref" '.closing.taken_over_by == "es-faro"'
check "handover: an unknown former case (3)" cli 3 es-faro publish case.json --live --to PT --confirm Leonor --taken-over-from "pt-farol/PT-1999-00001"
check "handover: the new opener publishes its own" publish es-faro case.json q.json --live --to PT,FR --confirm Leonor \
    --taken-over-from "pt-farol/$ref" --wait delivered -W 10s
new=$(jq -r .reference q.json)
check "handover: the new case names the old one" seen_as fr-phare "es-faro/$new" --arg r "$ref" '.case.taken_over_from.member == "pt-farol" and .case.taken_over_from.reference == $r'
check "handover: and the old one the new" seen_as fr-phare "pt-farol/$ref" --arg r "$new" '.continued_as == [{"member":"es-faro","reference":$r}]'

# --- validity -------------------------------------------------------------------------------------------------------
jq '.valid_for="2h" | .review_at="2031-01-01T00:00:00Z"' case.json >short.json
check "validity: a short case" publish pt-farol short.json r.json "${live[@]}" --wait delivered -W 10s
short=$(jq -r .reference r.json)
check "validity: its review is shown" shown es-faro "pt-farol/$short" 'review.*2031'
warned() { at "$1" status -o json | jq -e --arg r "$2" '[.warnings[] | select(.code=="CASE_EXPIRES") | .text] | any(contains($r))'; }
check "validity: its end within 6 h is a warning" within 5 warned pt-farol "$short"
check "validity: renewed" at pt-farol update "$short" case.json --valid-for 96h
check "validity: no warning any more" within 5 not warned pt-farol "$short"
hours() { at "$1" show "$2" -o json | jq -e --argjson h "$3" '((.expires_at[0:19] + "Z" | fromdate) - now) / 3600 | . > $h - 1 and . < $h + 1'; }
check "validity: the recipient has the new end" within 5 hours es-faro "pt-farol/$short" 96

# --- its end, told by events ----------------------------------------------------------------------------------------
soon() { date -u -d "+$1 seconds" +%Y-%m-%dT%H:%M:%SZ; }
jq --arg review "$(soon 3)" --arg until "$(soon 10)" 'del(.valid_for) | .valid_until=$until | .review_at=$review' case.json >brief.json
check "end: a case of ten seconds" publish pt-farol brief.json b.json "${live[@]}" --wait delivered -W 5s
brief=$(jq -r .reference b.json)
told() { # told MEMBER TYPE COUNT: events of this type about the brief case
    local got
    got=$(at "$1" watch --after 0 -W 300ms -o jsonl | jq -s --arg r "$brief" --arg t "$2" '[.[] | select(.type==$t and .reference==$r)] | length')
    [ "$got" = "$3" ] || { echo "$1: $2 told $got times, not $3"; return 1; }
}
check "end: its review falls due" within 10 told pt-farol case.review 1
check "end: its publisher is told that it is near" within 15 told pt-farol case.expiring 1
check "end: its publisher is told that it is there" within 15 told pt-farol case.expired 1
check "end: its recipient too" within 5 told es-faro case.expired 1
check "end: no recipient is told of its review" told es-faro case.review 0
check "end: nor of an end to come" told es-faro case.expiring 0
check "end: a line for people" within 10 bash -c '"$0" --node pt-farol.sock watch --after 0 -W 300ms | grep -qE "case.expired +$1 .*expires [0-9]"' "$bin/hotline" "$brief"
murder pt-farol es-faro
up pt-farol es-faro
for m in pt-farol es-faro; do check "end: $m up again" within 20 connected $m; done
check "end: EXPIRED" field es-faro "$brief" state EXPIRED
not_again() { told "$1" case.expired 1 && told "$1" case.expiring "$2" && told "$1" case.review "$2"; } # not_again MEMBER OWN
check "end: told once, over a restart" not_again pt-farol 1
check "end: told once, over a restart, to its recipient too" not_again es-faro 0

# --- a drill --------------------------------------------------------------------------------------------------------
check "drill: an id with --live (2)" cli 2 pt-farol publish case.json "${live[@]}" --drill SPRING-1
check "drill: publish" publish pt-farol case.json d.json --exercise --to ES,FR --confirm Leonor --drill SPRING-1 --wait delivered -W 10s
drill=$(jq -r .reference d.json)
check "drill: its id arrives" field es-faro "$drill" drill_id SPRING-1
check "drill: es-faro acknowledges" at es-faro ack "$drill"
check "drill: on the ladder" within 5 ladder pt-farol "$drill" es-faro ACKNOWLEDGED
scored() { at pt-farol drill report SPRING-1 -o json | jq -e "$1"; }
check "drill: report" scored '.drill_id == "SPRING-1" and .recipients == 2 and .delivered == 2 and .acknowledged == 1 and .score == 75'
check "drill: per recipient, with times" scored '[.rows[] | select(.member=="es-faro")][0] | .acknowledged_after_ms >= .delivered_after_ms'
check "drill: none by that id (3)" cli 3 pt-farol drill report AUTUMN-9
check "drill: what is no id (2)" cli 2 pt-farol drill report autumn-9
check "drill: all of them" true_of '[.[] | select(.drill_id == "SPRING-1")][0] | .cases == 1 and .recipients == 2 and .score == 75' <(at pt-farol drill report -o json)
check "drill: closed" at pt-farol close "$drill" --outcome found-safe --wait delivered -W 10s
check "drill: who never acknowledged has missed it" scored '[.rows[] | select(.member=="fr-phare")][0].missed | contains(["ACKNOWLEDGED"])'
check "drill: counted from its sending, not from its closing" scored '.delivered == 2 and .acknowledged == 1 and .score == 75'
finish

#!/usr/bin/env bash
# What people do beside the alert itself: handover notes; a second person's approval, and the glass broken without;
# posters, and that they come down again; drills by timetable.
# usage: 57-people.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
. "$here/console.sh"
desk=pt-farol
user() { # user NAME ROLE: made and logged in, NAME.jar
    cli 0 pt-farol user add "$1" --role "$2" --password-file pw && log_in "$1" "$1"
}
authority
add_relay relay-1
mkdir sink
take_port sink-web
take_port sink-mail
python3 "$here/receiver.py" "${port[sink-web]}" "${port[sink-mail]}" sink >sink.log 2>&1 &
pid[sink]=$!
add_node pt-farol PT "" 'webhooks:' '  loopback: true' 'mail:' "  server: smtp://127.0.0.1:${port[sink-mail]}" \
    '  from: node@hotline.example' '  to: [head@hotline.example]' 'poster:' '  phone: "+351 21 555 0100"' \
    'retention:' '  closed_after_ack: 0s' '  closed_latest: 0s'
add_node es-faro ES
sign
everyone_up
for role in supervisor operator it read-only; do check "user: $role" user "p-$role" $role; done
check "a token" sh -c "'$bin/hotline' --node pt-farol.sock token add program --scope read --scope draft --scope publish:live >program.token 2>/dev/null"

# --- handover notes ---------------------------------------------------------------------------------------------------
echo 'Canary-Nota-5511: Faro calls back at 6.' >note.txt
check "a note is left" cli 0 pt-farol notes add note.txt
check "notes: who, and what" bash -c "'$bin/hotline' --node pt-farol.sock notes | grep -q 'Canary-Nota-5511'"
check "an empty one is refused (2)" bash -c "printf ' ' | '$bin/hotline' --node pt-farol.sock notes add -; [ \$? = 2 ]"
check "operator: leaves one" answers 201 POST /v1/notes '{"text": "second"}' --jar p-operator.jar --csrf
second=$(body | jq -r .id)
check "supervisor: reads both, newest first" answers 200 GET /v1/notes --jar p-supervisor.jar
check "newest first" true_of '[.items[].by] | length == 2 and .[0] == "p-operator"' <(body)
check "it: none" answers 403 GET /v1/notes --jar p-it.jar
check "read-only: none" answers 403 GET /v1/notes --jar p-read-only.jar
check "a program: none" answers 403 GET /v1/notes --token "$(cat program.token)"
check "operator: deletes one" answers 204 DELETE "/v1/notes/$second" --jar p-operator.jar --csrf
murder pt-farol
up pt-farol
check "pt-farol: back after a kill" within 20 connected pt-farol
check "one is left" true_of 'length == 1 and .[0].text == "Canary-Nota-5511: Faro calls back at 6."' <(at pt-farol notes -o json)
check "in no file and no log" no_text Canary-Nota-5511 pt-farol.db* pt-farol.log
check "in the log of acts without a word" bash -c "'$bin/hotline' --node pt-farol.sock audit -o json >audit.json && true_of '[.[].act] | contains([\"POST /v1/notes\", \"DELETE /v1/notes/{note}\"])' audit.json && ! grep -q Canary audit.json"
check "deleted by the command" cli 0 pt-farol notes delete "$(at pt-farol notes -o json | jq -r '.[0].id')"
check "no note (3)" cli 3 pt-farol notes delete 0123456789ab

# --- a second person --------------------------------------------------------------------------------------------------
draft case.json Leonor
for name in anna bert; do check "user: $name" user $name operator; done
check "user: head" user head supervisor
policy() { # policy LINE...: below approval, taken by a reload
    sed -i '/^approval:/,$d' pt-farol.yaml
    { echo "approval:"; printf '  %s\n' "$@"; } >>pt-farol.yaml
    kill -HUP "${pid[pt-farol]}"
    within 5 status_has ".approval | tojson | contains(\"$policy_says\")"
}
status_has() { at pt-farol status -o json | true_of "$1"; }
policy_says=RESTRICTED
check "a policy" policy 'required: [RESTRICTED, PARENTAL_ABDUCTION]' 'advised: [LIVE]'
keep() { # keep WHO BODY: a draft; its id and ETag into id, etag
    answers 201 POST /v1/drafts "$2" --header "Idempotency-Key: keep-$RANDOM-$RANDOM" --jar "$1.jar" --csrf || return 1
    id=$(body | jq -r .id) etag=$(body | jq -r .etag)
}
words() { jq -c '{case: ., to: ["ES"], restricted: true}' case.json; }
approve() { answers "$1" POST "/v1/drafts/$id/approval" --header "If-Match: $etag" "${@:2}"; }               # approve STATUS WHO...
send() { # send STATUS BODY WHO...: the draft
    answers "$1" POST "/v1/drafts/$id/publish" "$2" --header "If-Match: $etag" --header "Idempotency-Key: send-$RANDOM-$RANDOM" "${@:3}"
}
live='{"status": "ACTUAL", "confirm": "Leonor"}'
check "anna: a draft" keep anna "$(words)"
check "it says what it needs" true_of '.approval == {need: "REQUIRED", why: "RESTRICTED", by: "ANYBODY", author: "anna"}' <(body)
check "it is not sent without" send 403 "$live" --jar anna.jar --csrf
check "and it is said who may" told '"code":"APPROVAL".*|a second person must approve this draft'
check "nor directly" answers 403 POST /v1/cases "$(jq -c '{case: ., to: ["ES"], restricted: true, status: "ACTUAL", confirm: "Leonor"}' case.json)" --header "Idempotency-Key: direct-12345" --jar anna.jar --csrf
check "not by herself" approve 403 --jar anna.jar --csrf
check "told in words" told 'these words are by anna'
check "nor without the state that was read" answers 428 POST "/v1/drafts/$id/approval" --jar bert.jar --csrf
check "nor by read-only" approve 403 --jar p-read-only.jar --csrf
check "nor by a program" approve 403 --token "$(cat program.token)"
check "bert approves" approve 200 --jar bert.jar --csrf
check "and it says so" true_of '.approval.approved_by == "bert"' <(body)
murder pt-farol
up pt-farol
check "pt-farol: back again" within 20 connected pt-farol
check "kept over a kill" true_of '.approval.approved_by == "bert"' <(at pt-farol draft show "$id" -o json)
changed=$(words | jq -c '.case.circumstances = "another one"')
check "changed" answers 200 PUT "/v1/drafts/$id" "$changed" --header "If-Match: $etag" --jar anna.jar --csrf
etag=$(body | jq -r .etag)
check "a change ends it" send 403 "$live" --jar bert.jar --csrf
check "bert approves it as it is now" approve 200 --jar bert.jar --csrf
check "the command: shows by whom" bash -c "'$bin/hotline' --node pt-farol.sock draft show $id 2>/dev/null | grep -Eq 'approved +by bert'"
check "the command: takes it back" cli 0 pt-farol draft approve "$id" --take-back
check "taken back: not sent" send 403 "$live" --jar anna.jar --csrf
check "the command approves what was read" cli 0 pt-farol draft approve "$id" --etag "$etag"
check "the command: nothing read, nothing approved (2)" cli 2 pt-farol draft approve "$id"
check "sent" send 201 "$live" --jar anna.jar --csrf
check "the case says by whom" true_of --arg me "$(id -un)" '.approval.approved_by == $me' <(body)
sent=$(body | jq -r .reference)
check "es-faro: has it" within 10 has es-faro "$sent"
check "retracted by one alone" answers 201 POST "/v1/cases/$sent/retract" '{"reason": "sent in error"}' --header "Idempotency-Key: retract-12345" --jar anna.jar --csrf
check "by bert's token" sh -c "'$bin/hotline' --node pt-farol.sock token add berts --scope draft >own.token 2>/dev/null"
check "a program's draft" answers 201 POST /v1/drafts "$(words)" --header "Idempotency-Key: keep-token-1" --token "$(cat own.token)"
id=$(body | jq -r .id) etag=$(body | jq -r .etag)
check "nor by her own token" cli 5 pt-farol draft approve "$id" --etag "$etag"
check "that is: not who made the token" says 'another person must approve them'
check "an exercise needs nobody" send 201 '{"status": "EXERCISE", "confirm": "Leonor"}' --jar anna.jar --csrf
draft plain.json Leonor '.category="RUNAWAY"'
check "what is advised is told, and sent" bash -c "'$bin/hotline' --node pt-farol.sock publish plain.json --live --to ES --dry-run | grep -q 'APPROVAL ADVISED (LIVE)'"
check "advised: sent" publish pt-farol plain.json p.json --live --to ES --confirm Leonor
policy_says=SUPERVISOR
check "by supervisors" policy 'required: [LIVE]' 'by: supervisor'
check "anna: another draft" keep anna "$(words)"
check "not by an operator" approve 403 --jar bert.jar --csrf
check "nor by an account (5)" cli 5 pt-farol draft approve "$id" --etag "$etag"
check "a supervisor" approve 200 --jar head.jar --csrf

# --- the glass broken -------------------------------------------------------------------------------------------------
check "a webhook" cli 0 pt-farol webhook add "http://127.0.0.1:${port[sink-web]}/broken" --event case.break_glass
draft next.json Leonor
check "the command: refused (5)" cli 5 pt-farol publish next.json --live --to ES --confirm Leonor
check "with the next command" all_of says "draft approve ID" "--break-glass"
check "without a reason (2)" cli 2 pt-farol publish next.json --live --to ES --confirm Leonor --break-glass " "
check "with one: sent" cli 0 pt-farol publish next.json --live --to ES --confirm Leonor --break-glass "Canary-Razao-9912 alone at night" -o json
broken=$(jq -r .reference said.log)
check "es-faro: has it too" within 10 has es-faro "$broken"
check "the case says why, and who" bash -c "'$bin/hotline' --node pt-farol.sock show $broken | grep -q 'GLASS BROKEN.*Canary-Razao-9912'"
check "es-faro: is not told why" true_of '.approval == null and (tojson | contains("9912") | not)' <(at es-faro show "$broken" -o json)
check "the log of acts says so" true_of '[.[] | select(.result == "BREAK_GLASS" and .act == "POST /v1/cases")] | length == 1' <(at pt-farol audit -o json)
check "every console is told" within 10 bash -c "timeout 5 '$bin/hotline' --node pt-farol.sock watch -C 200 -W 1s -o jsonl --after 0 2>/dev/null | grep -q case.break_glass"
check "and who waits outside" within 10 grep -q 'case.break_glass.*ACTUAL' sink/web.jsonl
check "by mail too" within 10 grep -q 'was sent without a second person' sink/mail.jsonl
check "and neither says why nor who" no_text 'Canary|anna|bert|Leonor' sink/web.jsonl sink/mail.jsonl
check "the reason is in no log" no_text Canary-Razao-9912 pt-farol.log pt-farol.db*

# --- an update that reaches further -----------------------------------------------------------------------------------
policy_says=RESTRICTED
check "a policy for updates" policy 'required: [RESTRICTED]'
draft small.json Leonor '.publicity.level="NONE"'
check "an operator keeps a small case" keep anna "$(jq -c '{case: ., to: ["ES"], restricted: true}' small.json)"
check "approved" approve 200 --jar bert.jar --csrf
check "and sent" send 201 "$live" --jar anna.jar --csrf
small=$(body | jq -r .reference) whole=$(body | jq -r '"\(.member):\(.reference)"')
revise() { # revise STATUS BODY WHO...
    answers "$1" POST "/v1/cases/$small/revisions" "$2" --header "Idempotency-Key: revise-$RANDOM-$RANDOM" "${@:3}"
}
wider() { jq -c "{case: ., replaces: ${2:-1}} | $1" small.json; }
check "a correction needs nobody" revise 201 "$(wider '.case.circumstances = "at the harbour"')" --jar anna.jar --csrf
check "who read it before that is told (412)" revise 412 "$(wider '.')" --jar anna.jar --csrf
check "a further country: not alone" revise 403 "$(wider '.to = ["FR"]' 2)" --jar anna.jar --csrf
check "and it is said why" told 'a second person must approve this update before it is sent \(RESTRICTED\), for it reaches further than before \(RECIPIENTS\)'
check "for the public: not alone" revise 403 "$(wider '.case.publicity.level = "PUBLIC"' 2)" --jar anna.jar --csrf
check "of another kind: not alone" revise 403 "$(wider '.case.category = "LOST_INJURED"' 2)" --jar anna.jar --csrf
python3 "$here/picture.py" png wide.png 320 240
check "a photo: not alone (5)" cli 5 pt-farol update "$small" small.json --photo wide.png
check "and the next command is said" says "--break-glass"
check "es-faro: got none of them" field es-faro "$small" revision 2
check "asked for as a draft" keep anna "$(wider ".case.publicity.level = \"PUBLIC\" | .updates = \"$whole\"" 2)"
check "it says how it reaches further" true_of '.widens == ["AUDIENCE"] and .approval.need == "REQUIRED" and .status == "ACTUAL" and .replaces == 2' <(body)
check "not sent without" send 403 '{"status": "ACTUAL"}' --jar anna.jar --csrf
check "nor approved by who wrote it" approve 403 --jar anna.jar --csrf
check "bert approves the update" approve 200 --jar bert.jar --csrf
check "and it is sent" send 201 '{"status": "ACTUAL"}' --jar anna.jar --csrf
check "with who approved what" true_of '[.approvals[] | [.revision, .approved_by]] == [[1, "bert"], [3, "bert"]]' <(body)
public_there() { at es-faro show "$small" -o json | true_of '.revision == 3 and .case.publicity.level == "PUBLIC"'; }
check "es-faro: has the update" within 10 public_there
check "by the command: kept" sh -c "'$bin/hotline' --node pt-farol.sock draft save small.json --updates $small --to FR -o json >wide.draft 2>/dev/null"
check "the command shows how" bash -c "'$bin/hotline' --node pt-farol.sock draft show \$(jq -r .id wide.draft) 2>/dev/null | grep -q 'reaches further *RECIPIENTS'"
check "the command: not sent without (5)" cli 5 pt-farol draft publish "$(jq -r .id wide.draft)" --live --confirm Leonor
check "the glass broken for an update" cli 0 pt-farol draft publish "$(jq -r .id wide.draft)" --live --confirm Leonor --break-glass "Canary-Motivo-7730"
check "is told as for a first send" within 10 bash -c "[ \$(grep -c 'case.break_glass.*ACTUAL' sink/web.jsonl) = 2 ]"
check "and stands with the case" bash -c "'$bin/hotline' --node pt-farol.sock show $small | grep -q 'GLASS BROKEN.*Canary-Motivo-7730'"
check "in the log of acts too" true_of '[.[] | select(.result == "BREAK_GLASS" and .act == "POST /v1/drafts/{draft}/publish")] | length == 1' <(at pt-farol audit -o json)
murder pt-farol
up pt-farol
check "pt-farol: back once more" within 20 connected pt-farol
check "who approved what is kept over a kill" true_of '[.approvals[].revision] == [1, 3, 4]' <(at pt-farol show "$small" -o json)
draft practice.json Leonor
check "an exercise" publish pt-farol practice.json x.json --exercise --to ES --restricted --confirm Leonor
check "widens alone" cli 0 pt-farol update "$(jq -r .reference x.json)" practice.json --to FR
check "retracted alone, wide as it is" answers 201 POST "/v1/cases/$small/retract" '{"reason": "sent in error"}' --header "Idempotency-Key: retract-67890" --jar anna.jar --csrf

# --- posters ----------------------------------------------------------------------------------------------------------
policy_says=ANYBODY
check "no policy any more" policy 'required: []'
check "a webhook for posters" cli 0 pt-farol webhook add "http://127.0.0.1:${port[sink-web]}/poster" --event poster.withdraw
draft private.json Leonor '.publicity.level="PROFESSIONALS_ONLY"'
draft public.json 'Leonor<script>x</script>' '.publicity.level="PUBLIC" | .child.family_name="Canary-Oculta" | .child.family_name_hidden=true | .child.medical_needs=[{"need": "INSULIN", "detail": "Canary-Necessidade"}]'
check "a case for professionals" publish pt-farol private.json v.json --live --to ES --restricted --confirm Leonor
check "not public: no poster (5)" cli 5 pt-farol poster "$(jq -r .reference v.json)" --lang fr -o no.html
check "and none is registered" true_of 'length == 0' <(at pt-farol poster list "$(jq -r .reference v.json)" -o json)
check "a picture" python3 "$here/picture.py" png photo.png 640 480
check "a case for the public" publish pt-farol public.json u.json --live --to ES --restricted --photo photo.png --confirm 'Leonor<script>x</script>'
shown=$(jq -r .reference u.json)
check "no language (2)" cli 2 pt-farol poster "$shown" -o p.html
check "a language without words (2)" cli 2 pt-farol poster "$shown" --lang tlh -o p.html
for lang in en fr de es it pl ro hu; do
    check "$lang: a poster" cli 0 pt-farol poster "$shown" --lang $lang -o "$lang.html"
    check "$lang: says what the console says" grep -qF "<h1>$(jq -r '.["poster.help"]' "$here/../../web/locales/$lang.json")</h1>" $lang.html
    check "$lang: the photo is in it" grep -q 'src="data:image/jpeg;base64,/9j/' $lang.html
done
check "a file that is there is kept (1)" cli 1 pt-farol poster "$shown" --lang fr -o fr.html
check "square" cli 0 pt-farol poster "$shown" --lang fr --form square -o square.html
check "square: its page" grep -q '@page{size:210mm 210mm' square.html
check "no hidden name, no need, nothing of a companion" no_text 'Canary' ./*.html
check "a script in a name is text" bash -c "grep -q 'Leonor&lt;script&gt;' fr.html && ! grep -q '<script' fr.html"
check "nothing is fetched" bash -c "! grep -Eq '(src|href)=\"(http|//)' fr.html"
check "the number is on it" grep -q '+351 21 555 0100' fr.html
python3 "$here/qr_read.py" <fr.html >code.txt 2>&1
check "the code calls the number" grep -qx 'tel:+351215550100' code.txt
check "es-faro: may hang it too" within 10 cli 0 es-faro poster "$shown" --lang es -o es2.html
made=$(at pt-farol poster list "$shown" -o json | jq length)
check "they are registered" true_of --argjson n "$made" '.posters == {registered: $n, withdraw: 0}' <(at pt-farol show "$shown" -o json)
check "closed" at pt-farol close "$shown" --outcome found-safe --wait accepted -W 20s
check "to be taken down" true_of 'all(.[]; .withdraw)' <(at pt-farol poster list "$shown" -o json)
check "who waits outside is told, once" within 10 bash -c "[ \$(grep -c 'poster.withdraw' sink/web.jsonl) = 1 ]"
check "no more of them (5)" cli 5 pt-farol poster "$shown" --lang fr -o more.html
erased() { shows pt-farol "$shown" '.erased_at != null'; }
check "the case is erased" within 90 erased
check "also when the case is erased" true_of --argjson n "$made" 'length == $n and all(.[]; .withdraw)' <(at pt-farol poster list "$shown" -o json)
one=$(at pt-farol poster list "$shown" -o json | jq -r '.[0].id')
check "one is taken down" cli 0 pt-farol poster withdrawn "$shown" "${one:0:12}"
check "and listed as that" true_of --arg me "$(id -un)" '[.[] | select(.withdraw | not)] | length == 1 and .[0].withdrawn_by == $me' <(at pt-farol poster list "$shown" -o json)
check "no such poster (3)" cli 3 pt-farol poster withdrawn "$shown" 0123456789ab

# --- drills by timetable ----------------------------------------------------------------------------------------------
later() { date -u -d "+$1 seconds" +%Y-%m-%dT%H:%M:%SZ; }
draft drill.json Drilla
check "an exercise is kept" sh -c "'$bin/hotline' --node pt-farol.sock draft save drill.json --exercise --drill SPRING-2026 --to ES -o json >drill.draft 2>/dev/null"
planned=$(jq -r .id drill.draft)
check "no time (2)" cli 2 pt-farol drill start "$planned" --confirm Drilla
check "two times (2)" cli 2 pt-farol drill start "$planned" --confirm Drilla --now --at "$(later 900)"
check "one to be sent at once is kept" sh -c "'$bin/hotline' --node pt-farol.sock draft save drill.json --exercise --drill NOW-2026 --to ES -o json >now.draft 2>/dev/null"
check "and sent now" cli 0 pt-farol drill start "$(jq -r .id now.draft)" --now --confirm Drilla
in_report() { at pt-farol drill report NOW-2026 -o json | true_of '.cases == 1 and .delivered == 1 and .rows[0].missed == []'; }
check "it is in the report" within 20 in_report
check "the retention is told" answers 200 GET /v1/settings --jar p-it.jar
check "as it is configured" true_of '.retention.closed_latest == 0 and .retention.notes == 259200 and .deadlines.delivered == 60' <(body)
check "another name (2)" cli 2 pt-farol drill start "$planned" --at "$(later 900)" --confirm Drollo
check "a time that is over (2)" cli 2 pt-farol drill start "$planned" --at "$(later -60)" --confirm Drilla
check "operator: schedules it" answers 201 POST /v1/drills "$(jq -n --arg d "$planned" --arg at "$(later 4)" '{draft: $d, at: $at, confirm: "Drilla"}')" --header "Idempotency-Key: drill-12345" --jar anna.jar --csrf
check "read-only: sees the timetable" answers 200 GET /v1/drills --jar p-read-only.jar
check "read-only: schedules nothing" answers 403 POST /v1/drills '{}' --header "Idempotency-Key: drill-12346" --jar p-read-only.jar --csrf
murder pt-farol
up pt-farol
is_sent() { at pt-farol drill list -o json | true_of '.[0].state == "SENT"'; }
check "a scheduled drill is sent over a kill" within 30 is_sent
reference=$(at pt-farol drill list -o json | jq -r '.[0].reference')
check "es-faro: gets it as an exercise" within 20 field es-faro "$reference" status EXERCISE
check "es-faro: acknowledges it" at es-faro ack "$reference" --as Paola
full() { at pt-farol drill report SPRING-2026 -o json | true_of '.score == 100'; }
check "the report scores it" within 20 full
check "its draft is gone (3)" cli 3 pt-farol draft show "$planned"
check "the log of acts says who planned it" true_of '[.[] | select(.act == "DUE /v1/drills/{drill}" and .who == "anna" and .result == "SENT")] | length == 1' <(at pt-farol audit -o json)
draft card.json Drilla
check "one with a picture is kept" sh -c "'$bin/hotline' --node pt-farol.sock draft save card.json --exercise --drill PICTURE-2026 --to ES -o json >card.draft 2>/dev/null"
check "and scheduled with it" cli 0 pt-farol drill start "$(jq -r .id card.draft)" --at "$(later 4)" --confirm Drilla --picture
card_sent() { at pt-farol drill list -o json | true_of '[.[] | select(.drill == "PICTURE-2026" and .state == "SENT" and .picture)] | length == 1'; }
check "it is sent" within 40 card_sent
card=$(at pt-farol drill list -o json | jq -r '[.[] | select(.drill == "PICTURE-2026")][0].reference')
card_there() { at es-faro show "$card" -o json | true_of '.status == "EXERCISE" and .photos_here == 1'; }
check "es-faro: has the picture" within 40 card_there
check "another one is kept" sh -c "'$bin/hotline' --node pt-farol.sock draft save drill.json --exercise --drill AUTUMN-2026 --to ES -o json >drill.draft 2>/dev/null"
check "and scheduled" sh -c "'$bin/hotline' --node pt-farol.sock drill start $(jq -r .id drill.draft) --at $(later 9000) --confirm Drilla -o json >plan.json 2>/dev/null"
check "and cancelled" cli 0 pt-farol drill cancel "$(jq -r .id plan.json)"
check "what was sent is not cancelled (5)" cli 5 pt-farol drill cancel "$(at pt-farol drill list -o json | jq -r '.[0].id')"

finish

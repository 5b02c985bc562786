#!/usr/bin/env bash
# What people do beside the alert itself: handover notes.
# usage: 57-people.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
call() { python3 "$here/console.py" "${port[pt-farol]}" "$@" >call.log 2>&1; }
answers() { # answers STATUS ARGUMENTS...: of console.py; the answer is in call.log
    local want=$1 got
    shift
    call "$@"
    got=$(head -n 1 call.log)
    [ "$got" = "$want" ] || { echo "$got, wanted $want: $(tail -n 1 call.log)"; return 1; }
}
told() { grep -qE -- "$1" call.log || { echo "$(tail -n 1 call.log)"; return 1; }; } # told PATTERN: the last `answers`
body() { tail -n +2 call.log; }
secret="correct horse battery staple"
printf '%s\n' "$secret" >pw
chmod 600 pw
user() { # user NAME ROLE: made and logged in, NAME.jar
    cli 0 pt-farol user add "$1" --role "$2" --password-file pw &&
        answers 200 POST /v1/session "$(jq -n --arg u "$1" --arg p "$secret" '{user: $u, password: $p}')" --jar "$1.jar"
}
authority
add_relay relay-1
add_node pt-farol PT
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

finish

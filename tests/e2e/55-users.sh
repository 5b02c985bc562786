#!/usr/bin/env bash
# Who may use the console: the first user by command line, login, codes, wrong tries, roles and scopes by route, the page's word, foreign
# names and origins, a restart; and the audit log, whole and tampered with. What else comes to the console's door: 55-doors.sh.
# usage: 55-users.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
. "$here/console.sh"
desk=pt-farol
login() { answers "$1" POST /v1/session "$(jq -n --arg u "$2" --arg p "$3" --arg c "${4:-}" '{user: $u, password: $p} + if $c == "" then {} else {totp: $c} end')" "${@:5}"; }
code_of() { # code_of SECRET [SECONDS]: the authenticator's code, now and so much later
    python3 - "$1" "${2:-0}" <<'PY'
import base64, hashlib, hmac, struct, sys, time
digest = hmac.new(base64.b32decode(sys.argv[1]), struct.pack(">Q", int(time.time() + int(sys.argv[2])) // 30), hashlib.sha1).digest()
at = digest[-1] & 15
print(f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}")
PY
}
printf 'short\n' >short
chmod 600 short

two_hotlines

# --- the first user ---------------------------------------------------------------------------------------------------
check "before anybody: the page is there" answers 200 GET /
check "before anybody: the API is not" answers 401 GET /v1/status
check "a role that is none (2)" cli 2 pt-farol user add anna --role boss --password-file pw
check "a short password (2)" cli 2 pt-farol user add anna --role supervisor --password-file short
check "a name with a blank (2)" cli 2 pt-farol user add "anna b" --role supervisor --password-file pw
check "no terminal and no file (2)" cli 2 pt-farol user add anna --role supervisor
for role in supervisor operator it read-only; do
    check "user add: $role" user_add "$role"
done
check "twice (2)" cli 2 pt-farol user add p-it --role it --password-file pw
check "user list" true_of 'length == 4 and all(.[]; .sessions == 0 and .totp == false)' <(at pt-farol user list -o json)
check "no password in the store or the log" no_text "$secret" pt-farol.db* pt-farol.log

# --- logging in -------------------------------------------------------------------------------------------------------
for role in supervisor operator it read-only; do
    check "$role: logged in" login 200 "p-$role" "$secret" "" --jar "$role.jar" --headers
done
check "the cookie is for this page alone" told 'Set-Cookie: hotline_session=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=/; Max-Age=57600$'
check "who am I" answers 200 GET /v1/session --jar operator.jar
check "who am I: the role" true_of '.user == "p-operator" and .role == "operator" and .csrf != null' <(body)
check "a wrong password" login 401 p-operator wrong-wrong-wrong
wrong=$(body)
check "an unknown user" login 401 nobody "$secret"
check "both are told the same" test "$wrong" = "$(body)"

# --- roles and scopes, by route ---------------------------------------------------------------------------------------
draft case.json Leonor
request() { jq -n --slurpfile c case.json --arg s "$1" '{case: $c[0], status: $s, to: ["ES"], confirm: "Leonor"}'; } # request STATUS
send() { answers "$1" POST /v1/cases "$(request "$2")" --header "Idempotency-Key: $3-12345678" "${@:4}"; }          # send STATUS KIND KEY WHO...
may() { # may WHO STATUS-OF-cases STATUS-OF-users STATUS-OF-audit STATUS-OF-drafts
    local -a who=(--jar "$1.jar")
    case $1 in token-*) who=(--token "$(cat "$1")") ;; esac
    answers "$2 $3 $4 $5 200" GET /v1/cases --also /v1/users --also /v1/audit --also /v1/drafts --also /v1/status "${who[@]}"
}
for scope in read draft publish:exercise publish:live; do
    name=token-${scope#publish:}
    check "token add: $scope" sh -c "'$bin/hotline' --node pt-farol.sock token add $name --scope $scope >$name 2>/dev/null"
done
check "supervisor: cases, the log" may supervisor 200 403 200 200
check "operator: cases" may operator 200 403 403 200
check "it: users and no case" may it 403 200 403 403
check "read-only: cases" may read-only 200 403 403 403
check "token read" may token-read 200 403 403 403
check "token draft" may token-draft 403 403 403 200
check "token publish:exercise" may token-exercise 403 403 403 403
check "it: no events" answers 403 GET /v1/events --jar it.jar
check "read-only publishes nothing" send 403 EXERCISE read-only --jar read-only.jar --csrf
check "token read publishes nothing" send 403 EXERCISE token-read --token "$(cat token-read)"
check "token publish:exercise: no live case" send 403 ACTUAL exercise-live --token "$(cat token-exercise)"
check "and it is said" told 'do not allow it to publish live cases'
check "token publish:live: no exercise" send 403 EXERCISE live-drill --token "$(cat token-live)"
check "token publish:exercise: an exercise" send 201 EXERCISE exercise --token "$(cat token-exercise)"
drill=$(body | jq -r '"pt-farol:" + .reference')
check "nor closes what is live: first a live one" send 201 ACTUAL live --token "$(cat token-live)"
live=$(body | jq -r '"pt-farol:" + .reference')
check "token publish:exercise closes no live case" answers 403 POST "/v1/cases/$live/retract" '{"reason": "no"}' --header "Idempotency-Key: close-12345678" --token "$(cat token-exercise)"
check "but its own" answers 201 POST "/v1/cases/$drill/retract" '{"reason": "over"}' --header "Idempotency-Key: close-12345679" --token "$(cat token-exercise)"
check "token list: last used" true_of '[.[] | select(.used_at != null)] | length == 4' <(at pt-farol token list -o json)
check "no token in the store or the log" no_text "$(cat token-read token-draft token-exercise token-live | paste -sd'|')" pt-farol.db* pt-farol.log
check "token revoke" cli 0 pt-farol token revoke token-read
check "it is over at once" answers 401 GET /v1/cases --token "$(cat token-read)"
check "a role counts from the next call" cli 0 pt-farol user role p-read-only it
check "it did" answers 403 GET /v1/cases --jar read-only.jar
check "and back" cli 0 pt-farol user role p-read-only read-only

# --- the page's word, names and origins -------------------------------------------------------------------------------
check "without the page's word nothing is changed" send 403 EXERCISE csrf-1 --jar operator.jar
check "and it is said" told '"code":"CSRF"'
check "nor with another's" send 403 EXERCISE csrf-2 --jar operator.jar --header "X-CSRF-Token: $(jq -r .csrf supervisor.jar)"
check "with it, yes" send 201 EXERCISE csrf-3 --jar operator.jar --csrf
check "from another site" send 403 EXERCISE origin-1 --jar operator.jar --csrf --header "Origin: https://foreign.example"
check "from a page without a name" send 403 EXERCISE origin-2 --jar operator.jar --csrf --header "Origin: null"
check "from its own" send 201 EXERCISE origin-3 --jar operator.jar --csrf --header "Origin: http://127.0.0.1:${port[pt-farol]}"
check "under a name that leads here" answers 403 GET /v1/cases --jar operator.jar --host "rebound.example:${port[pt-farol]}"
check "the page neither" answers 403 GET / --host "rebound.example:${port[pt-farol]}"
check "under localhost" answers 200 GET /v1/cases --jar operator.jar --host "localhost:${port[pt-farol]}"
check "every answer is strict" answers 200 GET / --headers
check "strict: scripts" told "Content-Security-Policy: default-src 'none'; script-src 'self'"
check "strict: the rest" bash -c 'grep -q "Cross-Origin-Opener-Policy: same-origin" call.log && grep -q "Referrer-Policy: no-referrer" call.log && grep -q "X-Content-Type-Options: nosniff" call.log'
planted=$(printf 'ab%.0s' $(seq 32))
plant() { answers "$1" "${@:2}" --header "Cookie: hotline_session=$planted" --headers; }
check "a cookie that somebody planted: nobody" plant 401 GET /v1/session
check "a login with it in the browser" plant 200 POST /v1/session "$(jq -n --arg p "$secret" '{user: "p-read-only", password: $p}')"
check "gets another one" bash -c "grep -q 'Set-Cookie: hotline_session=[0-9a-f]' call.log && ! grep -q 'hotline_session=$planted' call.log"
check "the planted one is still nobody" plant 401 GET /v1/session
check "logged out" answers 204 DELETE /v1/session --jar supervisor.jar --csrf
check "logged out it is" answers 401 GET /v1/session --jar supervisor.jar

# --- codes ------------------------------------------------------------------------------------------------------------
check "totp" sh -c "'$bin/hotline' --node pt-farol.sock user totp p-supervisor >totp 2>/dev/null"
totp=$(head -n 1 totp)
check "a password is not enough any more" login 401 p-supervisor "$secret"
check "and that is said to who has it" told '"code":"TOTP"'
check "a wrong code" login 401 p-supervisor "$secret" 000000
code=$(code_of "$totp")
check "the code" login 200 p-supervisor "$secret" "$code" --jar supervisor.jar
check "not twice" login 401 p-supervisor "$secret" "$code"
check "no secret in the store or the log" no_text "$totp" pt-farol.db* pt-farol.log

# --- wrong tries ------------------------------------------------------------------------------------------------------
guess() { for _ in 1 2 3 4; do login 401 p-it wrong-wrong-wrong || return 1; done; }
check "four wrong tries" guess
check "the fifth" login 401 p-it wrong-wrong-wrong
long_wait() { # a machine that is slow has waited out a short one before the next call comes
    login 401 p-it wrong-wrong-wrong >/dev/null || login 429 p-it wrong-wrong-wrong "" --headers || return 1
    told '^Retry-After: ([2-9][0-9]|[1-9][0-9][0-9])'
}
check "each further one costs more" within 90 long_wait
check "then a wait, with the right password too" login 429 p-it "$secret" "" --headers
check "so long" told '^Retry-After: [1-9]'
check "whoever is logged in stays" answers 200 GET /v1/session --jar it.jar
check "user list says so" true_of '[.[] | select(.user == "p-it")][0].locked_seconds > 0' <(at pt-farol user list -o json)
check "user unlock" cli 0 pt-farol user unlock p-it
check "and in" login 200 p-it "$secret"

# --- a restart --------------------------------------------------------------------------------------------------------
murder pt-farol
up pt-farol
check "pt-farol: back after a kill" within 20 connected pt-farol
check "whoever was logged in still is" answers 200 GET /v1/session --jar operator.jar
check "the code of before the kill counts no more" login 401 p-supervisor "$secret" "$code"
check "another password ends it" cli 0 pt-farol user password p-operator --password-file pw
check "it ended" answers 401 GET /v1/session --jar operator.jar
check "user remove" cli 0 pt-farol user remove p-operator
check "nobody logs in by that name" login 401 p-operator "$secret"
check "no such user (3)" cli 3 pt-farol user role p-operator it

# --- the log ----------------------------------------------------------------------------------------------------------
log() { at pt-farol audit -n 500 --after 0 -o json; }
check "each act stands in it, with who did it" true_of --arg me "$(id -un)" --arg d "$drill" '
    (map(select(.kind == "ACCOUNT" and .who == $me and .act == "POST /v1/users" and .subject == "p-it")) | length) == 1 and
    (map(select(.kind == "TOKEN" and .who == "token-exercise" and .act == "POST /v1/cases/{case}/retract" and .subject == $d)) | length) == 1 and
    (map(select(.kind == "USER" and .who == "p-operator" and .act == "POST /v1/cases")) | length) == 2 and
    (map(select(.kind == "NOBODY" and .act == "POST /v1/session" and .subject == "p-it" and .result == "LOGIN")) | length) >= 5' <(log)
check "a role with what it became" true_of 'any(.act == "PUT /v1/users/{user}/role" and .subject == "p-read-only: it")' <(log)
check "what was refused does not" true_of '[.[] | select(.who == "token-read")] == []' <(log)
check "no name of a child, nobody who is unknown" bash -c "! '$bin/hotline' --node pt-farol.sock audit -n 500 --after 0 -o json | grep -E 'Leonor|nobody\"'"
count=$(log | jq length)
check "audit verify: whole" sh -c "'$bin/hotline' --node pt-farol.sock audit verify | grep -q '^$count entries, unbroken; head [0-9a-f]\\{64\\}$'"
tamper() { # tamper SQL: of a node that is down
    down pt-farol && python3 -c 'import sqlite3, sys; db = sqlite3.connect("pt-farol.db"); db.execute(sys.argv[1]); db.commit(); db.close()' "$1" &&
        up pt-farol && within 20 connected pt-farol
}
row="(SELECT rowid FROM record WHERE space = 24 ORDER BY rowid LIMIT 1 OFFSET"
check "the seventh entry is changed in the file" tamper "UPDATE record SET sealed = zeroblob(length(sealed)) WHERE rowid = $row 6)"
check "audit verify: broken (5)" cli 5 pt-farol audit verify
check "and it names the seventh" says "entry 7 of $count breaks the chain: it does not open"
check "the node goes on, and so does its log" cli 0 pt-farol user unlock p-it
check "the third entry is taken out of the file" tamper "DELETE FROM record WHERE rowid = $row 2)"
check "audit verify: now the third (5)" cli 5 pt-farol audit verify
check "and it names it" says "entry 3 of $((count + 1)) breaks the chain: it is missing"

check "pt-farol: its log holds no secret and no name of a child" no_text "$secret|$totp|Leonor|wrong-wrong" pt-farol.log
check "pt-farol: stops" down pt-farol
finish

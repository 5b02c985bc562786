#!/usr/bin/env bash
# People are woken: webhooks with signatures that a receiver checks, tried again and replayed, never to where they may not go; an
# IMMEDIATE case that nobody answers, by mail, command and webhook, each once per step, over kill -9; what is late alarms its
# publisher with the number to call. Nothing that leaves says anything of a child.
# usage: 56-waking.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
canary=Zwaluwina
mkdir sink
take_port sink-web
take_port sink-mail
python3 "$here/receiver.py" "${port[sink-web]}" "${port[sink-mail]}" sink >sink.log 2>&1 &
pid[sink]=$!
printf '#!/bin/sh\ncat >>%s/sink/command.jsonl\nenv >%s/sink/env\nls -l /proc/self/fd >%s/sink/fds\necho heard\n' "$work" "$work" "$work" >wake.sh
chmod 700 wake.sh
base=http://127.0.0.1:${port[sink-web]}
authority
add_relay relay-1
add_node lt-svyturys LT "" 'deadlines:' '  delivered: 5s' '  shown: 5s' '  acknowledged: 6s' 'webhooks:' '  loopback: true'
add_node lv-baka LV "" 'webhooks:' '  loopback: true' 'mail:' "  server: smtp://127.0.0.1:${port[sink-mail]}" \
    '  from: node@lv-baka.example' '  to: [night@lv-baka.example, chief@lv-baka.example]' \
    'escalation:' '  first: 30s' '  second: 6s' "  command: $work/wake.sh"
check "steps that go backwards are refused (2)" exits 2 "$bin/hotline-node" --config lv-baka.yaml --check-config
check "and named" says "escalation.second: is not later than the step before"
sed -i 's/first: 30s/first: 3s/' lv-baka.yaml
add_node ee-tuletorn EE
sign
check "the receiver listens" within 10 test -e sink/ready
everyone_up
lines() { # lines FILE JQ COUNT: so many lines that fit
    local got
    got=$(jq -c "select($2)" "sink/$1" 2>/dev/null | wc -l)
    [ "$got" = "$3" ] || { echo "$1: $got lines, not $3"; return 1; }
}
at_least() { [ "$(jq -c "select($2)" "sink/$1" 2>/dev/null | wc -l)" -ge "$3" ]; }
delivery() { at "$1" webhook log -o json | jq -r "[.[] | select($2)] | .[0].$3"; } # delivery MEMBER JQ FIELD
delivery_is() { [ "$(delivery "$1" "$2" "$3")" = "$4" ] || { echo "$3 is $(delivery "$1" "$2" "$3"), not $4"; return 1; }; }
warned() { at "$1" status -o json | jq -e --arg c "$2" '[.warnings[].code] | index($c) != null'; }
log_has() { [ "$(at "$1" webhook log -o json | jq "[.[] | select($2)] | length")" = "$3" ]; }

# --- webhooks: added, signed, tested ---------------------------------------------------------------------------------
check "a webhook is added" sh -c "'$bin/hotline' --node lv-baka.sock webhook add $base/cases -o json >hook.json"
hook=$(jq -r .id hook.json)
secret=$(jq -r .secret hook.json) public=$(jq -r .public_key hook.json)
check "with a secret and a public key" true_of '(.secret | startswith("whsec_")) and (.public_key | startswith("whpk_"))' hook.json
check "the list shows no secret" sh -c "! '$bin/hotline' --node lv-baka.sock webhook list -o json | grep -q whsec_"
check "added again it is the same one" true_of --arg id "$hook" '.id == $id' <(at lv-baka webhook add "$base/cases" -o json)
check "with other events it is refused (2)" cli 2 lv-baka webhook add "$base/cases" --event case.received
check "test" cli 0 lv-baka webhook test "${hook:0:8}"
check "test: it comes" within 10 lines web.jsonl '.path=="/cases" and (.body | fromjson | .type=="webhook.test")' 1
check "test: its signatures verify" python3 "$here/webhook_check.py" "$secret" "$public" sink/web.jsonl /cases
check "another secret does not" not python3 "$here/webhook_check.py" whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= "$public" sink/web.jsonl /cases
check "another public key neither" not python3 "$here/webhook_check.py" "$secret" whpk_PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw= sink/web.jsonl /cases
check "the log says delivered" within 10 delivery_is lv-baka '.type=="webhook.test"' state DELIVERED

# --- where webhooks may not go ---------------------------------------------------------------------------------------
for url in "http://hook.example/x" "https://10.1.2.3/x" "https://192.168.1.1/" "https://169.254.169.254/latest/meta-data" "https://[::1]/x" \
    "https://[fd00:ec2::254]/" "https://[::ffff:127.0.0.1]/" "https://localhost/x" "http://127.0.0.1:1/x" "ftp://hook.example/" "https://0.0.0.0/"; do
    check "not allowed: $url (5)" cli 5 ee-tuletorn webhook add "$url"
done
check "a user in an address (2)" cli 2 ee-tuletorn webhook add "https://user@hook.example/"
check "metadata is not for loopback's permission either (5)" cli 5 lv-baka webhook add "https://169.254.169.254/"
check "unknown event (2)" cli 2 lv-baka webhook add "$base/other" --event case.recieved
# The literal forms that only a resolver understands pass the first look, and fail at the connection.
check "an address in disguise is added" sh -c "'$bin/hotline' --node ee-tuletorn.sock webhook add https://2130706433:${port[sink-web]}/disguise -o json >d.json"
check "tested" cli 0 ee-tuletorn webhook test "$(jq -r .id d.json | cut -c1-12)"
check "and refused when it is connected to" within 10 delivery_is ee-tuletorn '.type=="webhook.test"' why "it resolves to an address that webhooks may not go to"
check "nothing came there" lines web.jsonl '.path=="/disguise"' 0
check "its webhook is removed" cli 0 ee-tuletorn webhook remove "$(jq -r .id d.json)"
check "what waited for it is over" delivery_is ee-tuletorn '.type=="webhook.test"' state FAILED
check "a redirect" sh -c "echo redirect >sink/answer-redirect; '$bin/hotline' --node lv-baka.sock webhook add $base/redirect --event case.review -o json >r.json"
check "redirect: tested" cli 0 lv-baka webhook test "$(jq -r .id r.json)"
check "redirect: not followed" within 10 delivery_is lv-baka '.why != null' why "it answered with a redirect, and none is followed"
check "redirect: nothing at its target" lines web.jsonl '.path=="/redirected"' 0
check "redirect: removed" cli 0 lv-baka webhook remove "$(jq -r .id r.json)"

# --- an IMMEDIATE case that nobody answers ---------------------------------------------------------------------------
draft case.json $canary
check "published" publish lt-svyturys case.json p.json --live --to LV --confirm $canary --wait delivered -W 20s
ref=$(jq -r .reference p.json)
escalated='.body | fromjson | .type=="case.escalated" and .reference=="'$ref'"'
check "webhook: case.received" within 10 lines web.jsonl '.body | fromjson | .type=="case.received"' 1
check "no console is armed: at once, the first step, by webhook" within 10 lines web.jsonl "($escalated) and (.body | fromjson | .step==1)" 1
check "by mail" within 10 at_least mail.jsonl '.text | contains("step 1")' 1
check "by command" within 10 at_least command.jsonl '.step==1' 1
murder lv-baka
up lv-baka
check "lv-baka: back after a kill" within 20 connected lv-baka
check "the second step by webhook" within 20 lines web.jsonl "($escalated) and (.body | fromjson | .step==2)" 1
check "the second step by mail" within 10 lines mail.jsonl '.text | contains("step 2")' 1
check "the second step by command" within 10 lines command.jsonl '.step==2' 1
check "all of it is settled in the log" within 10 log_has lv-baka '.type=="case.escalated" and .state=="DELIVERED"' 6
murder lv-baka
up lv-baka
check "lv-baka: back after another" within 20 connected lv-baka
check "acknowledged" cli 0 lv-baka ack "$ref" --as Night
check "the acknowledgement came home" within 10 ladder lt-svyturys "$ref" lv-baka ACKNOWLEDGED
for step in 1 2; do
    check "step $step: one webhook" lines web.jsonl "($escalated) and (.body | fromjson | .step==$step)" 1
    check "step $step: one mail" lines mail.jsonl ".text | contains(\"step $step\")" 1
    check "step $step: one command" lines command.jsonl ".step==$step" 1
done
check "mail: to both, as URGENT LIVE" true_of '(.to | length) == 2 and (.text | contains("Subject: URGENT LIVE: case '"$ref"'"))' <(head -n 1 sink/mail.jsonl)
check "mail: not marked as a drill" no_text EXERCISE sink/mail.jsonl
check "command: an environment of its own" not grep -qvE '^(PATH|LC_ALL|PWD|OLDPWD|SHLVL|_)=' sink/env
check "command: no descriptor of the node" not grep -qE 'node.db|socket:' sink/fds
check "command: the length of its output is logged" log_says lv-baka 'output_bytes=6'
check "command: its output is not" not log_says lv-baka 'heard'

# --- a drill, marked -------------------------------------------------------------------------------------------------
check "a drill" publish lt-svyturys case.json x.json --exercise --to LV --confirm $canary --wait delivered -W 20s
drill=$(jq -r .reference x.json)
check "drill: the mail says EXERCISE" within 10 at_least mail.jsonl '.text | contains("Subject: EXERCISE: case '"$drill"'")' 1
check "drill: the webhook too" within 10 at_least web.jsonl '.body | fromjson | .reference=="'"$drill"'" and .status=="EXERCISE"' 1
check "drill: acknowledged" cli 0 lv-baka ack "$drill" --as Night

# --- what hangs is ended, and holds up nothing -----------------------------------------------------------------------
cp wake.sh awake.sh
printf '#!/bin/sh\nsleep 61 &\necho $$ $! >>%s/sink/pids\nwait\n' "$work" >wake.sh
echo slow >sink/answer-slow
check "a webhook to a receiver that never answers" sh -c "'$bin/hotline' --node lv-baka.sock webhook add $base/slow --event case.review -o json >slow.json"
slow=$(jq -r .id slow.json)
check "slow: tested" cli 0 lv-baka webhook test "$slow"
check "slow: it has it" within 10 lines web.jsonl '.path=="/slow"' 1
check "a drill while the command sleeps" publish lt-svyturys case.json y.json --exercise --to LV --confirm $canary --wait delivered -W 20s
check "meanwhile the node answers" field lv-baka "$(jq -r .reference y.json)" state OPEN
check "slow: given up after ten seconds" within 20 delivery_is lv-baka ".webhook==\"$slow\"" why "Timeout was reached"
check "the command is killed after ten seconds" within 20 delivery_is lv-baka '.way=="COMMAND" and .tries==1 and .state=="WAITING"' why "the command took too long and was killed"
first_gone() { local both; read -ra both <sink/pids; all_of gone "${both[@]}"; }
check "with what it started" within 5 first_gone
check "slow: acknowledged" cli 0 lv-baka ack "$(jq -r .reference y.json)" --as Night
mv awake.sh wake.sh
check "slow: removed" cli 0 lv-baka webhook remove "$slow"
check "and the command is tried again" within 20 delivery_is lv-baka '.way=="COMMAND" and .tries==2' state DELIVERED

# --- a receiver that is down, and back -------------------------------------------------------------------------------
echo 500 >sink/answer-cases
check "a test at a receiver that fails" cli 0 lv-baka webhook test "$hook"
check "fails" within 10 delivery_is lv-baka '.type=="webhook.test"' answer 500
again=$(delivery lv-baka '.type=="webhook.test"' id)
message=$(jq -rs '[.[] | select(.answer=="500")][0].headers["webhook-id"]' sink/web.jsonl)
murder lv-baka
echo 204 >sink/answer-cases
up lv-baka
check "lv-baka: back once more" within 20 connected lv-baka
check "tried again, over the restart" within 20 delivery_is lv-baka ".id==\"$again\"" state DELIVERED
check "under the same id" lines web.jsonl ".headers[\"webhook-id\"]==\"$message\" and .answer==\"204\"" 1
check "replay" cli 0 lv-baka webhook replay "$again"
check "replay: it comes again, under the same id" within 10 lines web.jsonl ".headers[\"webhook-id\"]==\"$message\" and .answer==\"204\"" 2
check "every webhook verifies and has no more than it may" python3 "$here/webhook_check.py" "$secret" "$public" sink/web.jsonl /cases
check "no such delivery (3)" cli 3 lv-baka webhook replay 0123456789ab

# --- TLS, by the authorities of the configuration ----------------------------------------------------------------------
if command -v openssl >/dev/null; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=sink -addext subjectAltName=IP:127.0.0.1 \
        -keyout tls.key -out tls.crt 2>/dev/null
    mkdir tls
    take_port tls-web
    take_port tls-mail
    python3 "$here/receiver.py" "${port[tls-web]}" "${port[tls-mail]}" tls tls.crt tls.key >tls.log 2>&1 &
    pid[tls]=$!
    check "tls: the receiver listens" within 10 test -e tls/ready
    check "tls: a webhook" sh -c "'$bin/hotline' --node lv-baka.sock webhook add https://127.0.0.1:${port[tls-web]}/tls --event case.received --event case.escalated -o json >tls.json"
    check "tls: tested" cli 0 lv-baka webhook test "$(jq -r .id tls.json)"
    check "tls: an unknown certificate is refused" within 20 delivery_is lv-baka '.url != null and (.url | endswith("/tls"))' why "SSL peer certificate or SSH remote key was not OK"
    check "tls: status warns when it stays so" within 20 warned lv-baka WEBHOOK_FAILS
    sed -i "s|smtp://.*|smtps://127.0.0.1:${port[tls-mail]}|; s|^  loopback: true|&\n  ca_file: tls.crt|" lv-baka.yaml
    kill -HUP "${pid[lv-baka]}"
    check "tls: a case" publish lt-svyturys case.json t.json --exercise --to LV --confirm $canary --wait delivered -W 20s
    check "tls: its webhook came" within 20 at_least ../tls/web.jsonl '.body | fromjson | .type=="case.escalated"' 1
    check "tls: its signature verifies" python3 "$here/webhook_check.py" "$(jq -r .secret tls.json)" "$(jq -r .public_key tls.json)" tls/web.jsonl /tls
    check "tls: its mail came" within 20 at_least ../tls/mail.jsonl '.text | contains("Subject: EXERCISE")' 1
    check "tls: nothing personal" no_text "$canary" tls/web.jsonl tls/mail.jsonl
    check "tls: acknowledged" cli 0 lv-baka ack "$(jq -r .reference t.json)" --as Night
else
    skip "webhook and mail over TLS" "no openssl here to make a certificate"
fi

# --- the publisher's side --------------------------------------------------------------------------------------------
check "the publisher's webhook" sh -c "'$bin/hotline' --node lt-svyturys.sock webhook add $base/late --event alarm.delivered --event alarm.shown --event alarm.acknowledged -o json >late.json"
check "ee-tuletorn: ends" down ee-tuletorn
( timeout 60 "$bin/hotline" --node lt-svyturys.sock watch -o jsonl -W 30s >watch.jsonl 2>watch.log </dev/null ) &
pid[watch]=$!
check "published to who is not there" publish lt-svyturys case.json q.json --live --to EE --confirm $canary
late=$(jq -r .reference q.json)
for step in delivered shown acknowledged; do
    check "late: alarm.$step as a webhook" within 20 lines web.jsonl ".path==\"/late\" and (.body | fromjson | .type==\"alarm.$step\" and .member==\"ee-tuletorn\" and .reference==\"$late\")" 1
done
check "late: signed" python3 "$here/webhook_check.py" "$(jq -r .secret late.json)" "$(jq -r .public_key late.json)" sink/web.jsonl /late
check "late: show has the number to call" shows lt-svyturys "$late" '.ladder[] | select(.member=="ee-tuletorn") | .phone=="+3225550000" and .late'
check "late: in the table too" sh -c "'$bin/hotline' --node lt-svyturys.sock show $late | grep -q '+3225550000'"
watched() { jq -e -s "[.[] | select(.type==\"alarm\" and .phone==\"+3225550000\" and .step==\"$1\")] | length == 1" watch.jsonl; }
for step in DELIVERED SHOWN ACKNOWLEDGED; do check "late: watch tells $step with the number" within 10 watched $step; done

# --- nothing of the child --------------------------------------------------------------------------------------------
check "nothing personal left by any way" no_text "$canary" sink/web.jsonl sink/mail.jsonl sink/command.jsonl
check "nor is in a log" no_text "$canary" lt-svyturys.log lv-baka.log
check "no secret is in a file of the node" no_text "${secret#whsec_}" lv-baka.db lv-baka.log
finish

#!/usr/bin/env bash
# docs/openapi.yaml is what the node does: every path and method has its route and the reverse; request fields with their types;
# codes and event types; every answer of a running network by its schema, with no field that the document does not know.
# usage: 49-openapi.sh BUILD          needs python3-yaml
. "$(dirname "$0")/lib.sh"
begin "$@"
openapi() { # the findings, a line each, then how many: check shows the last
    python3 "$here/openapi.py" "$@" >findings.log 2>&1 && return
    sed 's/^/     /' findings.log >&3
    echo "$(wc -l <findings.log) findings"
    return 1
}
exec 3>&1
authority
add_relay relay-1
add_node gr-faros GR "IT"
add_node it-lanterna IT
add_node fr-boussole FR
sign
everyone_up
check "the document and the sources agree" openapi sources
draft case.json Aliki
check "a case, delivered" publish gr-faros case.json p.json --live --to IT,FR --confirm Aliki --wait delivered -W 10s
ref=$(jq -r .reference p.json)
check "it-lanterna: acknowledges" at it-lanterna ack "$ref" --as Paola
check "it-lanterna: replies" at it-lanterna reply "$ref" --message "Bari police informed" --wait delivered -W 10s
jq -n '{place: "Bari, port", country: "IT", confidence: "PROBABLE"}' >seen.json
check "it-lanterna: a sighting" at it-lanterna reply "$ref" --sighting seen.json --wait delivered -W 10s
draft drill.json Drilla
check "a drill" publish gr-faros drill.json d.json --exercise --to IT --confirm Drilla --wait delivered -W 10s
draft closed.json Chloe
check "a third case" publish gr-faros closed.json c.json --live --to FR,MT --confirm Chloe --wait delivered -W 10s
check "which is closed" at gr-faros close "$(jq -r .reference c.json)" --outcome found-safe --found-country FR --wait delivered -W 10s
check "a fourth" publish gr-faros closed.json r.json --live --to IT --confirm Chloe --wait delivered -W 10s
check "which is retracted" at gr-faros retract "$(jq -r .reference r.json)" --reason "sent in error" --wait delivered -W 10s
check "ladder: ACKNOWLEDGED" within 5 ladder gr-faros "$ref" it-lanterna ACKNOWLEDGED
check "every answer is as documented" openapi answers case.json gr-faros.sock it-lanterna.sock fr-boussole.sock
logged() { # logged NAME ACT...: each is in the log, under this account
    local one
    for one in "${@:2}"; do
        grep -qF "msg=act account=$(id -un) act=\"$one\"" "$1.log" || { echo "$1: $one is not in the log"; return 1; }
    done
}
check "gr-faros: each act is in the log" logged gr-faros "POST /v1/cases" "POST /v1/cases/{case}/revisions" \
    "POST /v1/cases/{case}/close" "POST /v1/cases/{case}/retract" "PUT /v1/subscriptions" "POST /v1/backup" "GET /v1/cases/{case}/sealed"
check "it-lanterna: each act is in the log" logged it-lanterna "POST /v1/cases/{case}/acknowledge" "POST /v1/cases/{case}/replies"
check "gr-faros: what was refused or tried without effect is not" bash -c '! grep -q "ZZ-2026-99999" gr-faros.log'
check "log: no name" no_text 'Aliki|Paola|Chloe|Bari' gr-faros.log it-lanterna.log fr-boussole.log
finish

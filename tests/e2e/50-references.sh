#!/usr/bin/env bash
# Two hotlines of one country number their cases alike: a bare reference that fits both is refused with the list.
# usage: 50-references.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
authority
add_relay relay-1
add_relay relay-2
add_node be-een BE
add_node be-deux BE
add_node nl-baak NL
sign
everyone_up
draft one.json Leonor
draft two.json Duarte
check "be-een: publishes" publish be-een one.json p1.json --live --to NL --confirm Leonor --wait delivered -W 10s
check "be-deux: publishes" publish be-deux two.json p2.json --live --to NL --confirm Duarte --wait delivered -W 10s
ref=$(jq -r .reference p1.json)
check "both have one reference" [ "$ref" = "$(jq -r .reference p2.json)" ]
check "nl-baak: two cases" inbox_is nl-baak 2
for command in show ack; do
    check "$command: ambiguous (2)" cli 2 nl-baak $command "$ref"
    check "$command: with the first" says "be-een/$ref"
    check "$command: and the second" says "be-deux/$ref"
done
check "reply: ambiguous (2)" cli 2 nl-baak reply "$ref" --message "Seen"
check "neither was acknowledged" bash -c "'$bin/hotline' --node nl-baak.sock inbox -o json | true_of 'map(.acknowledged) == [false, false]'"
check "be-een/$ref: the one" shows nl-baak "be-een/$ref" '.case.child.given_name == "Leonor"'
check "be-deux/$ref: the other" shows nl-baak "be-deux/$ref" '.case.child.given_name == "Duarte"'
id=$(at nl-baak show "be-deux/$ref" -o json | jq -r .case_id)
check "the case id's beginning: the other too" shows nl-baak "${id:0:8}" '.case.child.given_name == "Duarte"'
check "ack with the member" at nl-baak ack "be-deux/$ref" --as Joost
check "be-deux: ACKNOWLEDGED" within 5 ladder be-deux "be-deux/$ref" nl-baak ACKNOWLEDGED
check "be-een: not" ladder be-een "be-een/$ref" nl-baak DELIVERED
check "no such reference (3)" cli 3 nl-baak show BE-1999-00001
check "no such member (3)" cli 3 nl-baak show "be-drie/$ref"
check "an empty name (2)" cli 2 nl-baak show ""
check "be-een: closes its own by the bare reference" at be-een close "$ref" --outcome found-safe
check "nl-baak: that one CLOSED" within 5 shows nl-baak "be-een/$ref" '.state == "CLOSED"'
check "nl-baak: the other OPEN" shows nl-baak "be-deux/$ref" '.state == "OPEN"'
finish

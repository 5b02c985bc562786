#!/usr/bin/env bash
# The command line whole: fingerprints and differences before the first signing, the neighbours over land and sea, the timeline
# of a case, the doctor, the checks for machines, completion, and help that names folders which the unit may write.
# usage: 47-commands.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"

# --- before the first signing ----------------------------------------------------------------------------------------
h roster init net --no-passphrase --keys 3 --threshold 2 >init.txt 2>init.log
h key fingerprint net/authority.pub >prints.txt 2>prints.log
check "fingerprints: of each authority key, as init said them" cmp init.txt prints.txt
check "fingerprints: three" bash -c '[ "$(wc -l <prints.txt)" = 3 ]'
check "fingerprints: as words" bash -c "'$bin/hotline' key fingerprint net/authority.pub --words | awk 'NF != 19 {bad = 1} END {exit bad || NR != 3}'"
sed 's/^threshold 2/threshold 9/' net/authority.pub >bad.pub
check "fingerprints: a damaged file is refused by its line (2)" exits 2 "$bin/hotline" key fingerprint bad.pub
check "fingerprints: and named" says 'bad.pub'
rm -r net
authority
add_relay relay-1
add_relay relay-2
add_node gb-beacon GB
add_node ie-teach IE
add_node fr-boussole FR
add_node it-lanterna IT
check "roster diff: before the first signing all is new" bash -c "'$bin/hotline' roster diff net >diff.txt && grep -q '^+ member gb-beacon' diff.txt && grep -q '^+ relay relay-1' diff.txt && ! grep -q '^[-~]' diff.txt"
sign
check "roster diff: then nothing differs" bash -c "'$bin/hotline' roster diff net 2>&1 | grep -q 'No difference'"
check "roster diff: no such folder (3)" exits 3 "$bin/hotline" roster diff nowhere
everyone_up

# --- neighbours, over land and sea -----------------------------------------------------------------------------------
draft case.json Isla
at gb-beacon publish case.json --live --neighbours --dry-run -o json >plan.json 2>plan.log
check "neighbours: of GB, IE by land and FR by sea, not IT" jq -e '(.to | index("IE") != null and index("FR") != null and index("IT") == null and index("GB") == null)' plan.json
check "neighbours: the hotlines there get it, no other" jq -e '[.recipients[].member] == ["fr-boussole", "ie-teach"]' plan.json
check "neighbours: published" publish gb-beacon case.json p.json --live --neighbours --confirm Isla --wait delivered -W 10s
ref=$(jq -r .reference p.json)
check "neighbours: ie-teach has it" has ie-teach "$ref"
check "neighbours: it-lanterna has not" hasnt it-lanterna "$ref"
check "neighbours: countries with nobody are named" jq -e '.unreached | length > 0' p.json
check "members: who is connected" bash -c "'$bin/hotline' --node gb-beacon.sock members -o json | jq -e '[.[] | select(.connected)] | length >= 3'"

# --- the timeline ----------------------------------------------------------------------------------------------------
check "ie-teach: acknowledges" at ie-teach ack "$ref" --as Maeve
check "ie-teach: replies" at ie-teach reply "$ref" --message "Looking" --wait delivered -W 10s
check "ladder: ACKNOWLEDGED" within 10 ladder gb-beacon "$ref" ie-teach ACKNOWLEDGED
at gb-beacon trace "$ref" -o json >trace.json
check "trace: every step, in order, with milliseconds" jq -e '
    ([.[] | select(.at) | .at] | . == sort) and
    ([.[] | select(.what=="COMMITTED")] | length == 1) and .[0].what == "COMMITTED" and .[0].after_ms == 0 and
    ([.[] | select(.what=="ACCEPTED") | .who] | sort == ["relay-1", "relay-2"]) and
    ([.[] | select(.what=="DELIVERED") | .who] | sort == ["fr-boussole", "ie-teach"]) and
    ([.[] | select(.what=="ACKNOWLEDGED") | .who] == ["ie-teach"]) and
    ([.[] | select(.what=="REPLY") | .who] == ["ie-teach"]) and
    ([.[] | select(.what=="DELIVERED") | .after_ms] | all(. >= 0 and . < 20000))' trace.json
check "trace: the same for people" bash -c "'$bin/hotline' --node gb-beacon.sock trace $ref | grep -qE '^20[0-9-]+T[0-9:.]{12}Z +[0-9]+ ms +DELIVERED +ie-teach +1'"
check "trace: at a recipient, when it was sent and received" bash -c "'$bin/hotline' --node ie-teach.sock trace $ref -o json | jq -e '[.[].what] | index(\"SENT\") < index(\"RECEIVED\") and index(\"ACKNOWLEDGED\") != null'"
check "trace: no such case (3)" cli 3 gb-beacon trace GB-2026-99999

# --- the doctor and the checks ---------------------------------------------------------------------------------------
check_is() { # check_is STATUS MEMBER QUESTION FORM
    exits "$1" "$bin/hotline" --node "$2.sock" check "$3" --format "$4"
}
nothing_late() { at gb-beacon check delivery >/dev/null; }
check "delivery: settles" within 10 nothing_late
for question in relay delivery roster clock; do
    check "check $question: nagios, 0" check_is 0 gb-beacon $question nagios
    check "check $question: its line" grep -qE "^HOTLINE ${question^^} OK - .+ \| [a-z_]+=-?[0-9]+" said.log
    check "check $question: json" check_is 0 gb-beacon $question json
    check "check $question: its document" jq -e '.state == "OK" and (.values | length > 0)' said.log
    check "check $question: prometheus" check_is 0 gb-beacon $question prometheus
    check "check $question: its metrics" grep -qE "^hotline_check_${question}_state 0$" said.log
done
disk() { timeout 20 "$bin/hotline" --node gb-beacon.sock check disk --format json >disk.json; local s=$?; jq -e --argjson s $s '{"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}[.state] == $s' disk.json; }
check "check disk: its status is its exit status" disk
check "check: no such question (3)" check_is 3 gb-beacon weather nagios
check "check: no such form (3)" check_is 3 gb-beacon relay xml
at gb-beacon doctor -o json >doctor.json 2>doctor.log
check "doctor: looked at all of it" jq -e '[.[].check] | contains(["socket", "node", "relay", "delivery", "roster", "clock", "disk"])' doctor.json
check "doctor: whatever is not well has its next step" jq -e '[.[] | select(.state != "OK") | .next | length > 0] | all' doctor.json
check "doctor: a network of two relays is told" jq -e '[.[] | select(.check == "FEW_RELAYS")] | length == 1' doctor.json
chmod 644 gb-beacon.key
check "doctor: a key file that others may read (1)" cli 1 gb-beacon doctor --key gb-beacon.key
check "doctor: and what to do" grep -q 'chmod 600 gb-beacon.key' said.log
chmod 600 gb-beacon.key
murder relay-2
away() { at gb-beacon status -o json | jq -e '[.relays[] | select(.state=="CONNECTED")] | length == 1'; }
check "relay-2 away: seen" within 30 away
check "check relay: 1" check_is 1 gb-beacon relay nagios
check "check relay: which one" grep -q 'WARNING - 1 of 2 relays are connected; away: relay-2' said.log
murder relay-1
dark() { at gb-beacon status -o json | jq -e '[.relays[] | select(.state=="CONNECTED")] | length == 0'; }
check "all dark: seen" within 30 dark
check "check relay: 2" check_is 2 gb-beacon relay nagios
check "check clock: 3, nothing to compare with" check_is 3 gb-beacon clock nagios
check "doctor: 1" cli 1 gb-beacon doctor
murder gb-beacon
check "no node: every check is critical" check_is 2 gb-beacon roster json
check "no node: the doctor says so (1)" cli 1 gb-beacon doctor
check "no node: and the next command" grep -q 'systemctl' said.log
check "no socket: the doctor says so (1)" cli 1 nobody doctor
check "no socket: and where" grep -q 'no socket at nobody.sock' said.log

# --- completion ------------------------------------------------------------------------------------------------------
h completion bash >completion.bash
offers() { # offers WORDS... -- EXPECTED: what bash offers for the last word
    local line=() want
    while [ "$1" != -- ]; do line+=("$1"); shift; done
    want=$2
    bash -c '. ./completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hotline; printf "%s " "${COMPREPLY[@]}"' - "${line[@]}" >offers.txt || return 1
    grep -qE "(^| )$want( |$)" offers.txt || { cat offers.txt; return 1; }
}
check "bash: commands" offers hotline pu -- publish
check "bash: the words of a group" offers hotline roster si -- sign
check "bash: and those alone" bash -c '! grep -q publish offers.txt'
check "bash: options" offers hotline publish --ne -- --neighbours
check "bash: options of a command of two words" offers hotline sealed export --t -- --to
check "bash: after an option of the program" offers hotline --node x.sock inb -- inbox
every_command() { # each command of the help is offered
    local one
    for one in $(h --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort -u); do offers hotline "$one" -- "$one" || { echo "$one is not offered"; return 1; }; done
}
check "bash: every command of the help" every_command
for shell in zsh fish; do
    h completion $shell >completion.$shell
    check "$shell: names every command" bash -c "for c in publish trace doctor sealed; do grep -q \$c completion.$shell || exit 1; done"
    if command -v $shell >/dev/null; then check "$shell: is read without error" $shell -n completion.$shell; else skip "$shell: is read without error" "no $shell here"; fi
done
check "completion: no such shell (2)" exits 2 "$bin/hotline" completion tcsh

# --- the page of the manual is the help ------------------------------------------------------------------------------
check "man page: each command and option, as its help says" python3 "$here/man.py" "$bin/hotline"

# --- codes in the reader's language ----------------------------------------------------------------------------------
up relay-1 gb-beacon
check "gb-beacon: back" within 20 connected gb-beacon 1
show_in() { LC_ALL=$1 "$bin/hotline" --node gb-beacon.sock --no-input show "$ref" "${@:3}" | grep -q "$2"; }      # show_in LOCALE WORDS [OPTION...]
check "show: English when nothing is said" show_in C 'Parental abduction'
check "show: in French by the environment" show_in fr_BE.UTF-8 'Enlèvement parental'
check "show: in Polish when asked" show_in fr_FR.UTF-8 'Uprowadzenie' --lang pl
check "show: JSON has the codes" show_in fr_FR.UTF-8 '"PARENTAL_ABDUCTION"' -o json
check "show: a language without phrases is refused (2)" cli 2 gb-beacon show "$ref" --lang tlh
check "show: and those that there are are named" says 'de, en, es, fr, hu, it, pl or ro'

# --- help that works as it is written --------------------------------------------------------------------------------
check "db backup: its example lies where the unit may write" bash -c "state=/var/lib/\$(sed -n 's/^StateDirectory=//p' '$here/../../config/systemd/hotline-node.service') &&
    '$bin/hotline' help db backup | grep -q \"hotline db backup \$state/\""
finish

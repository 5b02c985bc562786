#!/usr/bin/env bash
# After a closing and its acknowledgement nothing about the child is left: not in the API, the store, its log; the publisher sees who
# has erased; what comes again is answered and never shown, and a higher revision opens the case anew, loud.
# usage: 46-erasure.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
words='Canary|Vieira|Leonor|Oriente|PX-7781|ticket office'
short=('retention: {closed_after_ack: 1s, closed_latest: 1h, sent_in_error_after_ack: 1s, sent_in_error_latest: 20s}')
authority
add_relay relay-1
add_relay relay-2
add_node pt-farol PT "" "${short[@]}"
add_node es-faro ES "" "${short[@]}"
add_node fr-phare FR
add_node nl-baak NL "" "${short[@]}"
sign
everyone_up
seen_as() { at "$1" show "$2" -o json | true_of "${@:3}"; } # seen_as MEMBER CASE JQ-ARGUMENTS...
shown() { at "$1" show "$2" | grep -qE -- "$3" || { at "$1" show "$2" | tail -n 1; return 1; }; }
unseen() { at "$1" show "$2" -o json >view.json && ! grep -qE "$words" view.json; }

draft case.json Leonor
# Its card must have come, or the alert goes out without a grant for it, and the copied store owes it nothing.
card_of() { at "$1" members -o json | true_of --arg m "$2" '[.. | objects | select(.id? == $m) | .key_expires_at // empty] | length == 1'; }
check "es-faro: its card is known" within 10 card_of pt-farol es-faro
murder es-faro # so that a relay owes it the case: a copy of that relay's store is played back later
check "publish" publish pt-farol case.json p.json --live --to ES,FR,NL --confirm Leonor --wait accepted -W 10s
ref=$(jq -r .reference p.json)
check "relay-2: stops" down relay-2
cp relay-2.db old.db
up relay-2 es-faro
for m in "${members[@]}"; do check "$m: connected" within 20 connected "$m"; done
check "es-faro: has it" within 10 has es-faro "$ref"
bodies() { # bodies RELAY: what it holds sealed, a line each, from a copy of its store
    rm -rf copy && mkdir copy && cp "$1".db* copy/ &&
        python3 -c 'import sqlite3, sys; print(*(body.hex() for (body,) in sqlite3.connect(sys.argv[1]).execute("SELECT body FROM bodies")), sep="\n")' "copy/$1.db"
}
first_body() { bodies relay-1 >first.body && [ "$(grep -c . first.body)" = 1 ]; }
no_first_body() { bodies relay-1 >bodies.now && grep -q . bodies.now && ! grep -qFf first.body bodies.now; }
check "relay-1: the alert's ciphertext is all that it holds" first_body
check "es-faro: acknowledges" at es-faro ack "$ref" --as Pilar
check "es-faro: a reply" at es-faro reply "$ref" --message "Seen at the ticket office" --wait delivered -W 10s
# Records are sealed, so no word of the case is in a file at any time: what must go are the sealed records and the key that opens them.
traces() { # traces MEMBER: the case's key, and each record under it, from a copy of the store; no other case is there
    rm -rf copy && mkdir copy && cp "$1".db* copy/ && python3 - "copy/$1.db" "$1.traces" <<'PY'
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
keys = store.execute("SELECT sealed FROM case_key").fetchall()
rows = store.execute("SELECT sealed FROM record WHERE owner IS NOT NULL").fetchall()
with open(sys.argv[2], "w") as out:
    out.writelines(sealed[:40].hex() + "\n" for (sealed,) in keys + rows)
print(len(keys), "keys,", len(rows), "records")
sys.exit(len(keys) != 1 or len(rows) < 2)
PY
}
in_files() { python3 - "$1" <<'PY'
import glob, sys
held = b"".join(open(name, "rb").read() for name in glob.glob(sys.argv[1] + ".db*"))
traces = [bytes.fromhex(line) for line in open(sys.argv[1] + ".traces")]
found = sum(trace in held for trace in traces)
print(found, "of", len(traces), "are there")
sys.exit(0 if found == len(traces) else 1 if found == 0 else 2)
PY
}
no_trace() { in_files "$1"; [ $? = 1 ]; }
for m in es-faro pt-farol; do
    check "$m: the case's key and records, as they are sealed" traces $m
    check "$m: the search finds them while it lives" in_files $m
done
murder nl-baak # away from here on: it keeps its copy
check "es-faro: a backup, while it holds the case" at es-faro db backup "$work/es-faro.backup"
check "backup: it says by when it is to be deleted" bash -c "'$bin/hotline' db check es-faro.backup | grep -q \"^delete it by $(date -u -d '+30 days' +%Y-%m)\""
check "es-faro: has the name while the case is open" seen_as es-faro "$ref" '.case.child.given_name == "Leonor"'
check "close" at pt-farol close "$ref" --outcome found-safe --found-country ES
for m in es-faro fr-phare; do check "$m: CLOSED" within 5 field $m "$ref" state CLOSED; done
check "relay-1: deletes the ciphertext that the closing replaced" within 5 no_first_body
check "es-faro: not erased before a person knows" seen_as es-faro "$ref" '.case.child.given_name == "Leonor" and .erased_at == null'
check "es-faro: acknowledges the closing" at es-faro ack "$ref" --as Pilar
check "fr-phare: acknowledges the closing" at fr-phare ack "$ref"

# --- a drill: erased like life, and its report still counts who took part ------------------------------------------------
check "drill: publish" publish pt-farol case.json d.json --exercise --to ES,FR --confirm Leonor --drill SPRING-7 --wait delivered -W 20s
drill=$(jq -r .reference d.json)
check "drill: closed" at pt-farol close "$drill" --outcome found-safe --wait delivered -W 20s
for m in es-faro fr-phare; do check "drill: $m acknowledges the closing" at $m ack "$drill"; done
check "drill: es-faro has erased it, and pt-farol too" within 20 seen_as pt-farol "$drill" '.erased_at != null and .case == null and
    ([.ladder[] | select(.member=="es-faro") | .state] == ["ERASED"])'
scored() { at pt-farol drill report SPRING-7 -o json | true_of "$1"; }
check "drill: erased, and still in its report" scored '.cases == 1 and .recipients == 2 and .delivered == 2 and .acknowledged == 2 and
    ([.rows[].member] | sort == ["es-faro", "fr-phare"])'
check "drill: its tombstone survives a restart" down pt-farol
up pt-farol
check "pt-farol: connected again" within 20 connected pt-farol
check "drill: erased, restarted, and still in its report" scored '.cases == 1 and .acknowledged == 2'

# --- erased ---------------------------------------------------------------------------------------------------------
erased() { seen_as "$1" "$ref" '.erased_at != null and .case == null and .thread == []'; }
check "es-faro: erased" within 20 erased es-faro
check "pt-farol: erased" within 20 erased pt-farol
check "fr-phare: keeps it for its 24 h" seen_as fr-phare "$ref" '.erased_at == null and .case.child.given_name == "Leonor"'
for m in es-faro pt-farol; do
    check "$m: nothing of the child in the API" unseen $m "$ref"
    check "$m: what is left says when and what, not whom" seen_as $m "$ref" \
        '.category == "PARENTAL_ABDUCTION" and .outcome == "FOUND_SAFE" and .child == null and .closing.found_country == "ES"'
done
clean() { no_text "$words" "$1".db "$1".db-*; }
for m in es-faro pt-farol; do check "$m: nothing in the clear in the store or its log" within 10 clean $m; done
for m in es-faro pt-farol; do check "$m: neither its key nor a record is in the store or its log, while it runs" within 10 no_trace $m; done
no_core() { awk '/^Max core file size/ {exit !($5 == 0 && $6 == 0)}' "/proc/${pid[$1]}/limits"; }
for m in es-faro relay-1; do check "$m: dumps no core, which would hold all of it" no_core $m; done
check "ERASED receipt: on the publisher's ladder" within 10 ladder pt-farol "$ref" es-faro ERASED
check "counted: 1 of 3" within 5 seen_as pt-farol "$ref" '.erased_by == 1 and .erased_of == 3'
check "its receipt says until when a backup may hold it" seen_as pt-farol "$ref" '[.ladder[] | select(.member=="es-faro") | ((.backup_until[0:19] + "Z") | fromdate) - now | . > 29 * 86400 and . <= 30 * 86400] == [true]'
check "shown to people: until when" shown pt-farol "$ref" 'may be left +ES es-faro, in a backup until '
check "named: those that are not known to have" seen_as pt-farol "$ref" \
    '[.not_erased[].member] == ["fr-phare", "nl-baak"] and all(.not_erased[]; .last_heard_at != null and (.withdrawn | not))'
check "shown to people" shown pt-farol "$ref" 'erased by +1 of 3 recipients'
check "shown to people: who is silent" shown pt-farol "$ref" 'NOT ERASED +NL nl-baak, not heard of since'
check "shown to people: here" shown pt-farol "$ref" 'erased here'

# --- a store that was taken away has no key for it any more ---------------------------------------------------------
check "es-faro: stops" down es-faro
up es-faro
check "es-faro: up again" within 20 connected es-faro
check "restart: still erased" erased es-faro
check "restart: still unseen" unseen es-faro "$ref"
murder pt-farol
up pt-farol
check "pt-farol: up again" within 20 connected pt-farol
check "restart: the count is kept" seen_as pt-farol "$ref" '.erased_by == 1 and .erased_of == 3'

# --- a backup that should have been deleted -------------------------------------------------------------------------
python3 -c 'import sqlite3; db = sqlite3.connect("es-faro.backup"); db.execute("UPDATE meta SET value = ? WHERE name = ?", (b"1767225600000000", "backup_until_us")); db.commit()'
check "backup: past its time" cli 0 nobody db check es-faro.backup
check "backup: and it is said" grep -q "should have been deleted by 2026-01-01" said.log
check "backup: restored all the same, and said" cli 0 nobody db restore es-faro.backup again.db
check "backup: in words" says 'should have been deleted by 2026-01-01.*Delete it now'
check "backup: what was restored is none any more" bash -c "'$bin/hotline' db check again.db >said.log && ! grep -q delete said.log"

# --- a relay with an empty disk is filled from the publishers, with nothing of it; a hotline that was away erases too ---
murder relay-1
rm -f relay-1.db*
up relay-1
for m in pt-farol es-faro fr-phare; do check "$m: connected again" within 20 connected $m; done
up nl-baak
check "nl-baak: back, with what it missed" within 20 field nl-baak "$ref" state CLOSED
check "nl-baak: acknowledges the closing" at nl-baak ack "$ref"
check "nl-baak: erased too" within 20 ladder pt-farol "$ref" nl-baak ERASED
check "counted: 2 of 3" seen_as pt-farol "$ref" '.erased_by == 2 and [.not_erased[].member] == ["fr-phare"]'
check "es-faro: the case was not shown again" erased es-faro

# --- a replay: the publisher is away and a relay comes back from before the closing ----------------------------------
duplicates() { python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:${port[es-faro]}/metrics').read().decode())" | sed -n 's/^hotline_node_duplicates_total //p'; }
before=$(duplicates)
check "pt-farol: stops" down pt-farol
check "relay-2: stops again" down relay-2
rm -f relay-2.db-*
cp old.db relay-2.db
up relay-2
check "es-faro: connected to it" within 20 connected es-faro
answered() { [ "$(duplicates)" -gt "${before:-0}" ] || { duplicates; return 1; }; }
check "replay: es-faro answers it" within 20 answered
check "replay: and does not show it" erased es-faro
check "replay: nor say it" unseen es-faro "$ref"
up pt-farol
check "pt-farol: back" within 20 connected pt-farol

# --- a withdrawn member's copy --------------------------------------------------------------------------------------
check "roster: fr-phare withdrawn" h roster withdraw net fr-phare
check "roster: signed anew" h roster sign net -o roster.signed
kill -HUP "${pid[pt-farol]}"
check "withdrawn: its copy is not provable" within 10 seen_as pt-farol "$ref" '[.not_erased[] | select(.withdrawn) | .member] == ["fr-phare"]'
check "withdrawn: said in words" shown pt-farol "$ref" 'fr-phare.*cannot be proven erased'

# --- opened anew ----------------------------------------------------------------------------------------------------
check "a higher revision opens it anew" at pt-farol update "$ref" case.json
check "es-faro: OPEN, with its content" within 10 seen_as es-faro "$ref" '.state == "OPEN" and .case.child.given_name == "Leonor" and .erased_at == null'
loud() { at es-faro watch --after 0 -W 1s -o jsonl | true_of -s --arg r "$ref" 'any(.type=="case.received" and .reference==$r and .revision==3)'; }
check "es-faro: as loud as an opening" within 5 loud

# --- sent in error --------------------------------------------------------------------------------------------------
draft wrong.json Vieira
check "an error is published" publish pt-farol wrong.json q.json --live --to ES --confirm Vieira --wait delivered -W 10s
ref=$(jq -r .reference q.json)
check "and retracted" at pt-farol retract "$ref" --reason "sent in error"
check "es-faro: RETRACTED" within 5 field es-faro "$ref" state RETRACTED
check "es-faro: acknowledges" at es-faro ack "$ref"
check "es-faro: erased within its own time" within 20 erased es-faro
finish

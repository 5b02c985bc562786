#!/usr/bin/env bash
# A year in counts: from living cases and tombstones, drills apart, small cells hidden in what leaves the house; the observer merges
# what the members send.
# usage: 48-figures.sh BUILD
. "$(dirname "$0")/lib.sh"
begin "$@"
words='Canary|Vieira|Leonor|Oriente|PX-7781'
short=('retention: {closed_after_ack: 1s, closed_latest: 20s, sent_in_error_after_ack: 1s, sent_in_error_latest: 20s}')
authority
add_relay relay-1
add_relay relay-2
add_node pt-farol PT "" "${short[@]}"
add_node es-faro ES
take_port eu-observer
members+=(eu-observer)
check "eu-observer: key" h key generate --member eu-observer --country BE --name "Secretariat" -o eu-observer.key --request eu-observer.request --no-passphrase
check "eu-observer: on the roster" h roster add net eu-observer.request --role observer --phone +3225550000
configure_node eu-observer "PT, ES"
for i in $(seq 17); do # more than any small limit: they never connect
    h key generate --member "eu-office-$i" --country BE --name "Office $i" -o office.key --request office.request --no-passphrase >/dev/null 2>&1 &&
        h roster add net office.request --role observer --phone +3225550000 >/dev/null 2>&1 || break
    rm -f office.key office.request
done
check "seventeen further observers: on the roster" [ "$i" = 17 ]
sign
everyone_up
year=$(date -u +%Y)
figures() { at "$1" figures --year "$year" "${@:3}" -o json | true_of "$2"; } # figures MEMBER JQ OPTIONS...
cell() { echo ".live.cells[] | select(.table==\"$1\" and $2)"; }

draft case.json Leonor '.intake_channel="PHONE"'
draft other.json Duarte '.category="RUNAWAY" | .intake_channel="CHAT"'
published() { # published MEMBER COUNT FILE NAME OPTIONS...
    local i
    for ((i = 0; i < $2; i++)); do
        publish "$1" "$3" p.json --confirm "$4" "${@:5}" || return 1
    done
}
check "pt-farol: six cases" published pt-farol 6 case.json Leonor --live --to ES
check "pt-farol: two of another kind" published pt-farol 2 other.json Duarte --live --to ES --wait delivered -W 10s
check "pt-farol: a drill" published pt-farol 1 case.json Leonor --exercise --to ES --wait delivered -W 10s
check "es-faro: one case" published es-faro 1 case.json Leonor --live --to PT --wait delivered -W 10s

# --- in house -------------------------------------------------------------------------------------------------------
check "figures: no year (2)" cli 2 pt-farol figures
check "figures: in house, every count" figures pt-farol '.suppressed == false and .live.opened == 8 and .live.closed == 0 and .live.received == 1' --in-house
check "figures: by category" figures pt-farol "[.live.cells[] | select(.table==\"category\") | [.code, .count]] == [[\"PARENTAL_ABDUCTION\",6],[\"RUNAWAY\",2]]" --in-house
check "figures: by channel" figures pt-farol "[.live.cells[] | select(.table==\"intake_channel\") | [.code, .count]] == [[\"PHONE\",6],[\"CHAT\",2]]" --in-house
check "figures: by pair of countries" figures pt-farol "[$(cell countries '.from=="PT"') | [.to, .count]] == [[\"ES\",8]]" --in-house
check "figures: drills apart" figures pt-farol '.exercise.opened == 1' --in-house
check "figures: another year is empty" bash -c '"$0" --node pt-farol.sock figures --year 2001 -o json | true_of ".live.opened == 0 and .live.cells == []"' "$bin/hotline"

# --- closed, acknowledged, erased: the tombstone counts on -----------------------------------------------------------
ref=$(at pt-farol inbox --sent -o json | jq -r '[.[] | select(.category=="PARENTAL_ABDUCTION" and .status=="ACTUAL")][0].reference')
check "es-faro: acknowledges one" at es-faro ack "pt-farol/$ref"
check "pt-farol: has it" within 5 ladder pt-farol "$ref" es-faro ACKNOWLEDGED
check "close" at pt-farol close "$ref" --outcome found-safe --found-country ES
erased() { shows pt-farol "$ref" '.erased_at != null'; }
check "erased" within 20 erased
check "figures: by outcome, from the tombstone" figures pt-farol "[.live.cells[] | select(.table==\"outcome\") | [.code, .count]] == [[\"OPEN\",7],[\"FOUND_SAFE\",1]]" --in-house
check "figures: time to acknowledge" figures pt-farol "[$(cell all true)][0].median_acknowledge_s >= 0" --in-house
murder pt-farol
up pt-farol
check "pt-farol: up again" within 20 connected pt-farol
check "restart: the tombstone counts on" figures pt-farol '.live.opened == 8 and .live.closed == 1' --in-house

# --- for others' eyes -----------------------------------------------------------------------------------------------
check "suppressed: a count under 5 is hidden, and the one that would give it away" figures pt-farol \
    '.suppressed and .live.opened == 8 and .live.closed == null and ([.live.cells[] | select(.table=="category" or .table=="outcome") | .suppressed] | all) and ([.live.cells[] | select(.suppressed) | has("count") or has("at_least")] | any | not)'
check "suppressed: the rest stays" figures pt-farol "[$(cell countries '.to=="ES"') | .count] == [8]"
check "suppressed: one case shows nothing but that there is one" figures es-faro '.live.opened == null and (.live.cells | all(.suppressed))'
at pt-farol figures --year "$year" -o csv >figures.csv
check "csv: a header and rows" python3 -c 'import csv, sys; rows = list(csv.DictReader(open("figures.csv", newline=""))); assert rows and {r["status"] for r in rows} == {"ACTUAL", "EXERCISE"} and any(r["table"] == "countries" and r["count"] == "8" for r in rows) and any(r["count"] == "hidden" for r in rows) and not any("<" in r["count"] for r in rows)'
check "csv: nothing about anybody" no_text "$words" figures.csv
years() { at pt-farol figures --years $((year - 1))-"$year" "$@"; }
check "years: beside each other" years -o json
check "years: json, oldest first" true_of "[.[].year] == [$year - 1, $year] and .[0].live.opened == 0 and .[1].live.opened == 8" < <(years -o json)
years -o csv >years.csv
check "years: csv has both, and hides the same" python3 -c 'import csv, sys; one, two = (list(csv.DictReader(open(f, newline=""))) for f in ("figures.csv", "years.csv")); assert [r for r in two if r["year"] == sys.argv[1]] == one' "$year"
check "years: a column each, what is hidden stays hidden" grep -Eq "^category +RUNAWAY +0 +hidden" < <(years)
check "years: no sum gives a hidden one back" grep -Eq "^closed .* hidden *$" < <(years)
check "years: too many (2)" cli 2 pt-farol figures --years 2001-2026
check "table" bash -c '"$0" --node pt-farol.sock figures --year "$1" | grep -q "LIVE: opened 8, closed hidden"' "$bin/hotline" "$year"

# --- the network's ---------------------------------------------------------------------------------------------------
check "eu-observer: gets no case" inbox_is eu-observer 0
check "send" at pt-farol figures --year "$year" --send
check "send: the other too" at es-faro figures --year "$year" --send
network() { at eu-observer figures --year "$year" --network -o json | true_of "$1"; }
check "network: both are there" within 10 network '.members | sort == ["es-faro","pt-farol"]'
check "network: what a member hid stays hidden" network '.live.opened == null and ([.live.cells[] | select(.table=="category") | .suppressed] | all)'
check "network: what is known of a sum is its least" network '[.live.cells[] | select(.table=="countries" and .to=="ES") | .count] == [8]'
check "sent again: the newest counts" at pt-farol figures --year "$year" --send
again() { network '(.members | sort == ["es-faro","pt-farol"]) and ([.live.cells[] | select(.table=="countries" and .to=="ES") | .count] == [8])'; }
check "sent again: not twice" within 5 again
murder eu-observer
up eu-observer
check "eu-observer: up again" within 20 connected eu-observer
check "restart: the network's figures stay" again
finish

#!/usr/bin/env bash
# Builds the fuzz targets with libFuzzer and both sanitizers and runs each for a time. usage: run.sh SECONDS [TARGET...]
# Two at a time, one per core. A line per target: executions, per second, features covered. New inputs are kept in
# build-fuzz/corpus/TARGET, beside the committed seeds. A crash, leak or hang: status 1; its input becomes
# tests/fuzz/corpus/TARGET/crash-..., so that every later run replays it. RESULTS=file: one line is appended with the sum.
set -u
cd "$(dirname "$0")/../.." || exit 2
seconds=${1:?usage: run.sh SECONDS [TARGET...]}
shift
out=build-fuzz
unset MAKEFLAGS MFLAGS MAKELEVEL
[ $# -gt 0 ] || set -- $(for source in tests/fuzz/fuzz_*.c; do basename "$source" .c | sed s/^fuzz_//; done)
for target in "$@"; do
    [ -e "tests/fuzz/fuzz_$target.c" ] || { echo "no target $target"; exit 2; }
done
# shellcheck disable=SC2046 # a list of words
make -s -j2 CC=clang SAN=address,undefined,fuzzer-no-link WARNINGS=-w BUILD=$out \
    $(printf "$out/fuzz/fuzz_%s " "$@") || exit 2
for target in "$@"; do # once it was left out, and nobody saw that frames were not signed again
    [ ! -e "$out/fuzz/fuzz_$target" ] || ! grep -q 'fuzz_steps.h' "tests/fuzz/fuzz_$target.c" ||
        nm "$out/fuzz/fuzz_$target" | grep -q ' T LLVMFuzzerCustomMutator' || { echo "FAIL $target: without its mutator"; exit 1; }
done
mkdir -p $out/corpus $out/crashes $out/logs

run_one() { # run_one TARGET: its line; 1 when it found something
    local target=$1 log=$out/logs/$1 status=0 executions features
    mkdir -p "$out/corpus/$target"
    rm -f "$out/crashes/$target"-*
    ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:quarantine_size_mb=16:malloc_context_size=12 UBSAN_OPTIONS=print_stacktrace=1 \
        timeout -k 10 $((seconds + 120)) "$out/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=65536 -timeout=25 \
        -rss_limit_mb=3000 -print_final_stats=1 -artifact_prefix="$out/crashes/$target-" \
        "$out/corpus/$target" "tests/fuzz/corpus/$target" >/dev/null 2>"$log" </dev/null || status=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    features=$(sed -n 's/.* ft: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    printf '%-10s %12s executions %8s/s %7s features\n' "$target" "${executions:-0}" \
        "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" "${features:-0}"
    [ $status = 0 ] && return
    echo "FAIL $target: status $status"
    grep -avE '^#|^INFO' "$log" | tail -n 40 | sed 's/^/     /'
    for input in "$out/crashes/$target"-*; do
        [ -e "$input" ] || continue
        cp "$input" "tests/fuzz/corpus/$target/crash-${input##*-}"
        echo "     kept as tests/fuzz/corpus/$target/crash-${input##*-}"
    done
    return 1
}

lines=$(mktemp) failed=0 running=0
trap 'rm -f "$lines"' EXIT
for target in "$@"; do
    if [ $running = 2 ]; then
        wait -n || failed=$((failed + 1))
        running=1
    fi
    run_one "$target" > >(tee -a "$lines") &
    running=$((running + 1))
done
while [ $running -gt 0 ]; do
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
done
sleep 0.1 # the last line is on its way through tee
total=$(awk '$3 == "executions" {n += $2} END {printf "%d", n}' "$lines")
echo "fuzz: $# targets, $total executions, $failed failed"
if [ -n "${RESULTS:-}" ]; then
    printf 'fuzz: %s, commit %s, %s targets of %s s: %s executions, %s failed\n' "$(date -u +%Y-%m-%dT%H:%MZ)" \
        "$(git rev-parse --short HEAD)" $# "$seconds" "$total" "$failed" >>"$RESULTS"
fi
[ "$failed" = 0 ]

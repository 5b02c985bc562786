#!/bin/sh
# Builds every fuzz target with libFuzzer and both sanitizers and runs each for a time. usage: run.sh SECONDS [TARGET...]
# New inputs are kept in BUILD-fuzz/corpus/TARGET, beside the committed seeds; a crash ends with status 1 and its file's name.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:?usage: run.sh SECONDS [TARGET...]}
shift
out=build-fuzz
mkdir -p "$out/gen" "$out/obj" "$out/corpus" "$out/crashes"
libraries="libprotobuf-c libsodium"
flags="-std=c11 -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
    -D_POSIX_C_SOURCE=200809L -include proto/banned.h -I. -I$out/gen $(pkg-config --cflags $libraries)"
for schema in proto/*.proto; do protoc-c --proto_path=. --c_out="$out/gen" "$schema"; done

# Only what the targets reach: no loop, link, store or HTTP.
modules="buf err clock utf8 near limits key keyfile seal wire wire_check wire_rules country country_table roster roster_rules
    roster_authority card envelope route"
objects=""
for source in $(for module in $modules; do [ ! -e "proto/$module.c" ] || echo "proto/$module.c"; done) "$out"/gen/proto/*.pb-c.c; do
    object=$out/obj/$(echo "$source" | tr / _).o
    if [ ! -e "$object" ] || [ -n "$(find proto "$source" -newer "$object" -name '*.[ch]' | head -n 1)" ]; then
        # shellcheck disable=SC2086 # lists of words
        clang $flags -c -o "$object" "$source"
    fi
    objects="$objects $object"
done

[ $# -gt 0 ] || set -- $(for source in tests/fuzz/fuzz_*.c; do basename "$source" .c | sed s/^fuzz_//; done)
for target in "$@"; do
    # shellcheck disable=SC2086
    clang $flags -fsanitize=fuzzer -o "$out/fuzz_$target" "tests/fuzz/fuzz_$target.c" $objects $(pkg-config --libs $libraries)
    mkdir -p "$out/corpus/$target"
    echo "fuzz_$target: $seconds s"
    "$out/fuzz_$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$out/crashes/$target-" "$out/corpus/$target" "tests/fuzz/corpus/$target" 2>"$out/$target.log" ||
        { tail -n 40 "$out/$target.log"; exit 1; }
    grep -E 'number_of_executed_units|new_units_added' "$out/$target.log"
done

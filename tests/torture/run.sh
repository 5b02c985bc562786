#!/usr/bin/env bash
# Every allocation and every call to the disk failing in turn. usage: run.sh BUILD [SECONDS]: a sample of about SECONDS in all
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: run.sh BUILD [SECONDS]} seconds=${2:-0} bad=0 programs=0
for source in tests/torture/torture_*.c; do programs=$((programs + 1)); done
for source in tests/torture/torture_*.c; do
    "$build/tests/$(basename "$source" .c)" $((seconds / programs)) || bad=$((bad + 1))
done
[ $bad = 0 ]

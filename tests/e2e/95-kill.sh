#!/usr/bin/env bash
# The short run of tests/fault/kill.sh: 60 cases and a hundred kills of relays and nodes at random.
# usage: 95-kill.sh BUILD
exec "$(dirname "$0")/../fault/kill.sh" "${1:-build}" 60 100

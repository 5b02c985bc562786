#!/usr/bin/env bash
# The short run of tests/fault/kill.sh: 60 cases while relays and nodes are killed at random.
# usage: 95-kill.sh BUILD
exec "$(dirname "$0")/../fault/kill.sh" "${1:-build}" 60

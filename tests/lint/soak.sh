#!/usr/bin/env bash
# The sums of docs/soak.md are those of its rows.
exec "$(dirname "$0")/../soak/soak.py" --check

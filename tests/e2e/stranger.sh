# shellcheck shell=bash
# Shared by the scripts in which a stranger's node (tests/stranger) takes part, at the end of a pipe: commands go in as JSON, its
# events stand in stranger.events. After lib.sh and begin: need_stranger; at_fremd; meet; tell; check NAME within 5 heard ...
stranger=$here/../stranger

need_stranger() { # finds a python that has what it needs, or ends the script
    for python in python3 /usr/bin/python3 ""; do
        if [ -n "$python" ] && "$python" -c 'import google.protobuf, nacl, zmq' 2>/dev/null; then break; fi
    done
    if [ -z "$python" ] || ! command -v protoc >/dev/null; then
        skip "the stranger's node" "needs python3-nacl, python3-protobuf, python3-zmq and protobuf-compiler"
        finish
    fi
    trap '' PIPE # should it die, checks fail instead
}
at_fremd() { # its key, on the roster as a hotline of Austria
    check "at-fremd: key" h key generate --member at-fremd --country AT --name "Hotline AT" -o at-fremd.key --request at-fremd.request --no-passphrase
    check "at-fremd: on the roster" h roster add net at-fremd.request --role hotline --phone +43115550000
}
meet() { # meet [OPTION...]: starts it; its events go to stranger.events, from the top
    rm -f commands
    mkfifo commands
    : >stranger.events
    "$python" "$stranger/vandal.py" --key at-fremd.key --authority net/authority.pub --roster roster.signed --store stranger.json "$@" \
        <commands >>stranger.events 2>>stranger.log &
    pid[stranger]=$!
    exec 7>commands
}
tell() { printf '%s\n' "$1" >&7; } 2>/dev/null                                                 # tell JSON
heard() { # heard EVENT JQ [COUNT]: at least so many events say so
    local got
    got=$(jq -s --arg e "$1" "[.[] | select(.event==\$e) | select($2)] | length" stranger.events)
    [ "${got:-0}" -ge "${3:-1}" ] || { echo "$1: ${got:-no answer}; last: $(tail -n 1 stranger.events | cut -c1-150); $(tail -n 1 stranger.log)"; return 1; }
}
field_of() { jq -rs --arg e "$1" "[.[] | select(.event==\$e)] | last | $2" stranger.events; } # field_of EVENT JQ

# shellcheck shell=bash
# People at a node's console, by calls of console.py; for the scripts that source it after `begin`, and then name the node in `desk` and, where its
# console is reached under a name, that name in `host`. The password of all of them is in `secret` and in the file pw.
desk='' host=''
secret="correct horse battery staple"
printf '%s\n' "$secret" >pw
chmod 600 pw

two_hotlines() { # pt-farol and es-faro, and a relay, all up
    authority
    add_relay relay-1
    add_node pt-farol PT
    add_node es-faro ES
    sign
    everyone_up
}
user_add() { cli 0 "$desk" user add "p-$1" --role "$1" --password-file pw; } # user_add ROLE: p-ROLE
call() { python3 "$here/console.py" "${port[$desk]}" "$@" ${host:+--host "$host"} >call.log 2>&1; }
answers() { # answers STATUS ARGUMENTS...: of console.py; the answer is in call.log
    local want=$1 got
    shift
    call "$@"
    got=$(head -n 1 call.log)
    [ "$got" = "$want" ] || { echo "$got, wanted $want: $(tail -n 1 call.log)"; return 1; }
}
told() { grep -qE -- "$1" call.log || { tail -n 1 call.log; return 1; }; } # told PATTERN: by the last answer
body() { tail -n +2 call.log; }                                            # of the last answer
log_in() { # log_in USER JAR ARGUMENTS...: of console.py; with the password of all
    answers 200 POST /v1/session "$(jq -n --arg u "$1" --arg p "$secret" '{user: $u, password: $p}')" --jar "$2.jar" "${@:3}"
}

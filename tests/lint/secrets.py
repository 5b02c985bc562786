#!/usr/bin/env python3
"""Secrets are compared in constant time and wiped where they end. usage: secrets.py [TOP]

WIPES: the functions in which a key, a passphrase or an opened record ends, and how many wipes each has at least.
"""
import pathlib
import re
import sys

WIPES = {
    "node/vault.c": {"vault_destroy_case": 1, "free_vault": 1, "vault_each": 1},
    "node/vault_key.c": {"unwrap_key": 1, "unwrap_with_previous": 1, "vault_open_key": 1},
    "node/accounts.c": {"free_user": 1, "accounts_save_user": 1, "make_token": 1},
    "node/argon.c": {"free_job": 1},
    "node/node_api_slow.c": {"node_api_slow_done": 1},
    "proto/envelope.c": {"envelope_grant_make": 1, "envelope_grant_open": 2, "envelope_open": 1, "envelope_sealed_done": 1},
    "proto/seal.c": {"seal_wipe": 0},
    "node/node_deliver.c": {"open_for_us": 2},
    "node/node_grant.c": {"node_grant": 1},
}
# Comparisons whose time must not tell how much was right: what is compared there is secret, or bound to a secret.
CONSTANT = {"proto/seal.c": {"seal_equal": "sodium_memcmp"}, "proto/envelope.c": {"check_commitment": "seal_equal"},
            "node/node_api_session.c": {"judge": "seal_equal"}, "node/accounts.c": {"accounts_find_token": "seal_equal"}}
SECRET = re.compile(r"(?<!sodium_)\bmemcmp\([^;]*(secret|passphrase|commitment|content->|master|token|password)")

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
findings = []


def body(name, function):
    text = (top / name).read_text()
    found = re.search(rf"^[\w][^\n;]*\b{function}\((?:[^;{{]|\n)*\)\n\{{\n(.*?)^\}}", text, re.M | re.S)
    if found is None:
        findings.append(f"{name}: {function}() is not there: name the function in which its secret ends now")
        return None
    return found.group(1)


for name, functions in WIPES.items():
    for function, least in functions.items():
        text = body(name, function)
        if text is not None and len(re.findall(r"\b(seal_wipe|sodium_memzero|sodium_free|key_\w+_free|free_owner)\(", text)) < least:
            findings.append(f"{name}: {function}() does not wipe what ends in it")
for name, functions in CONSTANT.items():
    for function, wanted in functions.items():
        text = body(name, function)
        if text is not None and wanted + "(" not in text:
            findings.append(f"{name}: {function}() must compare by {wanted}()")
for area in ("proto", "relay", "node"):
    for path in sorted((top / area).rglob("*.c")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if SECRET.search(line):
                findings.append(f"{path.relative_to(top)}:{number}: a secret is compared by memcmp: seal_equal()")
if findings:
    print("\n".join(findings))
    sys.exit(1)
print("ok lint secrets")

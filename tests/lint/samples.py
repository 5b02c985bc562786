#!/usr/bin/env python3
"""Sample = options = docs: each key of an option table stands in its sample file and is explained in docs/.

usage: samples.py [TOP]
That types, bounds and defaults agree is checked by tests/unit/test_relay_conf.c and test_node_conf.c.
"""
import pathlib
import re
import sys

PAIRS = {"relay/relay_conf.c": "config/relay.yaml", "node/node_conf.c": "config/node.yaml"}

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
findings = []


def keys_of_table(path):
    """{key: line} of the .path fields."""
    text = path.read_text()
    return {m.group(1): text[:m.start()].count("\n") + 1 for m in re.finditer(r'\.path = "([\w.]+)"', text)}


def keys_of_sample(path):
    keys, section = {}, ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := re.match(r"(\s*)(\w+):(.*)", line):
            indent, word, value = found.groups()
            if not indent:
                section = "" if value.strip() else word + "."
            if value.strip():
                keys[(section if indent else "") + word] = number
    return keys


documents = "\n".join(p.read_text() for p in sorted((top / "docs").rglob("*.md")))
for table, sample in PAIRS.items():
    options, written = keys_of_table(top / table), keys_of_sample(top / sample)
    if not options:
        findings.append(f"{table}:1: no options found")
    findings += [f"{table}:{line}: {key} is not in {sample}" for key, line in options.items() if key not in written]
    findings += [f"{sample}:{line}: {key} is not in {table}" for key, line in written.items() if key not in options]
    findings += [f"{table}:{line}: `{key}` is explained nowhere in docs/" for key, line in options.items()
                 if f"`{key}`" not in documents]
if findings:
    print("\n".join(findings))
    sys.exit(1)
print("ok lint samples")

#!/usr/bin/env python3
"""The gates of tests/cover/gates are not below those of the house, and few lines are marked unreached.

usage: cover.py [TOP]
"""
import pathlib
import re
import sys

LEAST = {"core": (95, 85), "envelope": (100, None), "roster": (100, None), "receipt": (100, None), "dedup": (100, None),
         "erasure": (100, None), "shells": (80, None), "command": (80, None)}
# What a gate must hold, whatever else it holds.
HOLDS = {"envelope": "proto/seal.c proto/envelope.c", "roster": "proto/roster*.c", "receipt": "proto/receipt.c",
         "dedup": "node/cases.c node/item.c", "erasure": "node/node_erase.c", "core": "proto/*.c relay/*.c node/*.c"}
MARKERS_MAX = 60

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
findings, seen = [], set()
for number, line in enumerate((top / "tests/cover/gates").read_text().splitlines(), 1):
    words = line.split("#")[0].split()
    if not words:
        continue
    name = words[0]
    seen.add(name)
    if name == "markers":
        if int(words[1]) > MARKERS_MAX:
            findings.append(f"tests/cover/gates:{number}: {words[1]} markers; at most {MARKERS_MAX}")
        continue
    lines, branches = LEAST.get(name, (0, None))
    if float(words[1]) < lines or (branches is not None and (words[2] == "-" or float(words[2]) < branches)):
        findings.append(f"tests/cover/gates:{number}: {name}: below {lines} % of the lines or {branches} % of the branches")
    for pattern in HOLDS.get(name, "").split():
        if pattern not in words[3:]:
            findings.append(f"tests/cover/gates:{number}: {name} must hold {pattern}")
findings += [f"tests/cover/gates: the gate {name} is missing" for name in sorted(set(LEAST) - seen)]
marked = 0
for area in ("proto", "relay", "node"):
    for path in sorted((top / area).rglob("*.c")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if "unreached:" not in line:
                continue
            marked += 1
            if not re.search(r"/\* unreached: \S.*\*/", line):
                findings.append(f"{path.relative_to(top)}:{number}: a marker is /* unreached: WHY */ on the line that it excuses")
if marked > MARKERS_MAX:
    findings.append(f"{marked} lines are marked unreached; at most {MARKERS_MAX}")
if findings:
    print("\n".join(findings))
    sys.exit(1)
print("ok lint cover")

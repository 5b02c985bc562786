#!/usr/bin/env python3
"""Every public prototype has a comment right above it, or above the group of lines that it stands in.

usage: prototypes.py [TOP]
A group is lines without a blank one between them. _init, _free, _done and _close of one argument explain themselves.
"""
import pathlib
import re
import sys

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
PROTOTYPE = re.compile(r"^(?!typedef|static|return|struct \w+ \{|#|/|\*)[A-Za-z_][\w\s\*]*?[\s\*](\w+)\(([^;{]*)")
PLAIN = re.compile(r"_(init|free|done|close|release|clear)$")
findings, seen = [], 0


def check(path):
    global seen
    documented = in_comment = in_body = False
    statement = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if in_comment:
            in_comment = "*/" not in line
            continue
        if not line.strip():
            documented = False
        elif line.startswith("/*"):
            documented, in_comment = True, "*/" not in line
        elif in_body:
            in_body = not line.startswith("}")
        elif statement:
            statement = "" if line.rstrip().endswith(";") else line
        elif line.startswith(("struct", "enum", "union", "static")) and line.rstrip().endswith("{"):
            in_body = True
        elif found := PROTOTYPE.match(line):
            seen += 1
            plain = PLAIN.search(found.group(1)) and "," not in found.group(2)
            if not documented and not plain:
                findings.append(f"{path.relative_to(top)}:{number}: {found.group(1)} has no comment above it")
            statement = "" if line.rstrip().endswith(";") else line
            in_body = line.startswith("static") and line.rstrip().endswith("{")


for area in ("proto", "relay", "node"):
    for header in sorted((top / area).rglob("*.h")):
        check(header)
if seen == 0:
    findings.append("prototypes: no prototype found")
if findings:
    print("\n".join(findings))
    sys.exit(1)
print("ok lint prototypes")

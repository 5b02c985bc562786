#!/usr/bin/env python3
"""Files of at most 600 lines (a test of one module: 700), functions of at most 90, lines of at most 120 columns. A file of data is named in DATA.

usage: size.py [TOP]
"""
import pathlib
import sys

FILE_MAX, FUNCTION_MAX, LINE_MAX = 600, 90, 120
TEST_MAX = 700
DATA = {"proto/country_table.c"}

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
findings, files = [], 0


def check_functions(name, lines):
    """Linux braces: a function's body opens and closes with a brace in the first column."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            if number - start - 1 > FUNCTION_MAX:
                findings.append(f"{name}:{start}: a function of {number - start - 1} lines (most: {FUNCTION_MAX})")
            start = None


for area in ("proto", "relay", "node", "tests", "config"):
    for path in sorted((top / area).rglob("*")):
        if path.suffix not in (".c", ".h", ".py", ".sh") or not path.is_file():
            continue
        files += 1
        name, lines = str(path.relative_to(top)), path.read_text().splitlines()
        most = TEST_MAX if name.startswith("tests/unit/test_") else FILE_MAX
        if len(lines) > most and name not in DATA:
            findings.append(f"{name}:{most + 1}: {len(lines)} lines (most: {most}); split it")
        if path.suffix in (".c", ".h"):
            check_functions(name, lines)
            findings += [f"{name}:{number}: {len(line)} columns (most: {LINE_MAX})"
                         for number, line in enumerate(lines, 1) if len(line) > LINE_MAX and name not in DATA]
if files == 0:
    findings.append("size: no sources found")
if findings:
    print("\n".join(findings))
    sys.exit(1)
print("ok lint size")

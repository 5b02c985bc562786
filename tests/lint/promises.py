#!/usr/bin/env python3
"""docs/promises.md and docs/reliability.md name tests that are there: test_X.c:name is run by tests/unit/test_X.c, NN-name.sh:"check" is a check of that script."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGES = "docs/promises.md", "docs/reliability.md"
findings = []


def text_of(folder, name):
    path = TOP / "tests" / folder / name
    return path.read_text() if path.exists() else ""


for page, number, line in ((page, *row) for page in PAGES for row in enumerate((TOP / page).read_text().split("\n"), 1)):
    for file, test in re.findall(r"`(test_\w+\.c):(\w+)`", line):
        if len(re.findall(rf"\b{test}\b", text_of("unit", file))) < 2:  # defined, and in the list of those that run
            findings.append(f"{page}:{number}: {file} runs no {test}")
    for file, check in re.findall(r'`(\d\d-[\w-]+\.sh):"([^`]+)"`', line):
        if f'"{check}"' not in text_of("e2e", file):
            findings.append(f'{page}:{number}: {file} has no check "{check}"')
print("\n".join(findings), end="\n" if findings else "")
sys.exit(1 if findings else 0)

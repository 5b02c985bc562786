#!/usr/bin/env python3
"""No path of one machine, no promise for later. usage: words.py [TOP]

The brackets keep the patterns from finding themselves.
"""
import pathlib
import re
import sys

PATTERNS = {
    r"(?<![\w.])/(wor[k]|hom[e]/\w+|roo[t]|User[s])/": "a path of one machine",
    r"\b(TOD[O]|FIXM[E]|XX[X])\b": "unfinished: do it, or write an issue",
    r"(?i)\b(for[ ]now|not[ ]implemented|place[h]older)\b": "sounds unfinished",
    r"\t(?=.*\S)": "a tab",
}
TABS_ALLOWED = ("Makefile",)
SKIP = {".git", "corpus", "node_modules"}

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
findings, files = [], 0
for path in sorted(top.rglob("*")):
    parts = path.relative_to(top).parts
    if not path.is_file() or SKIP & set(parts) or parts[0].startswith("build") or parts[0] == "LICENSE":
        continue
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        continue # not text: a vector or a picture
    files += 1
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, why in PATTERNS.items():
            if why == "a tab" and (path.name in TABS_ALLOWED or path.suffix not in (".c", ".h", ".py", ".sh")):
                continue
            if found := re.search(pattern, line):
                shown = "" if why == "a tab" else f" ({found.group()})"
                findings.append(f"{path.relative_to(top)}:{number}: {why}{shown}")
if files == 0:
    findings.append("words: no files found")
if findings:
    print("\n".join(findings))
    sys.exit(1)
print("ok lint words")

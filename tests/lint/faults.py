#!/usr/bin/env python3
"""docs/faults.md names what is there: scenarios of the simulator, scenes and points of tests/fault, checks of tests/e2e, unit tests; and no scenario is left out."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE = TOP / "docs/faults.md"
SCENARIOS = {name for path in sorted((TOP / "tests/sim").glob("scenario_*.c"))
             for name in re.findall(r'\{\.name = "([\w-]+)"', path.read_text())}
findings, met = [], set()


def text_of(*names):
    for name in names:
        if (TOP / "tests" / name).exists():
            return (TOP / "tests" / name).read_text()
    return ""


def missing(name, is_there):
    if not is_there:
        findings.append(f"docs/faults.md:{number}: there is no {name}")


for number, line in enumerate(PAGE.read_text().split("\n"), 1):
    if not line.startswith("| "):
        continue
    for word in re.findall(r"`([^`]+)`", line):
        file, _, what = word.partition(":")
        if file == "sim":
            met.add(what)
            missing(word, what in SCENARIOS)
        elif file.startswith("test_"):
            missing(word, len(re.findall(rf"\b{what}\b", text_of("unit/" + file))) >= 2)
        elif file.endswith(".sh"):
            text = text_of("e2e/" + file, "fault/" + file, file.removeprefix("tests/"))
            name = what.strip('"')
            if re.match(r"\d\d-", file):
                missing(word, text and (not what or f'check "{name}"' in text))
            elif what.startswith('"'):
                missing(word, re.search(rf'\bscene "?{re.escape(name)}\b', text))
            else:
                missing(word, text and (not what or re.search(rf"^\S+ +{re.escape(what)} ", text, re.M)))
findings += [f"docs/faults.md: no row names the scenario {name}" for name in sorted(SCENARIOS - met)]
print("\n".join(findings), end="\n" if findings else "")
sys.exit(1 if findings or not SCENARIOS else 0)

#!/usr/bin/env python3
"""Lines and branches that the tests reached, against the gates of tests/cover/gates.

usage: cover.py BUILD [--file NAME]      BUILD: made with COVER=1 and run; --file lists what of NAME was not reached
       cover.py --start BUILD            forgets the counts of earlier runs

A line that no input can reach carries a comment `unreached: WHY` (why: no memory, our own mistake); it counts as no
line. What only CHECK() guards is our own mistake by definition, so its branches are none, on however many lines it
stands. A daemon that a test kills writes its counts first (tests/cover/counts.c); any other program that is killed writes
none, so what it did is not seen here.
"""
import collections
import fnmatch
import json
import pathlib
import re
import subprocess
import sys

top = pathlib.Path(__file__).resolve().parents[2]
MARK = re.compile(r"/\* unreached: \S.*\*/")
OWN_MISTAKE = re.compile(r"\bCHECK\(")


def own_mistakes(text):
    """The numbers of the lines that a CHECK(...) stands on, from its name to its last parenthesis."""
    numbers, depth = set(), 0
    for number, line in enumerate(text, 1):
        begins = OWN_MISTAKE.search(line)
        if depth > 0 or begins:
            numbers.add(number)
            plain = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])\'|/\*.*?\*/', "", line if depth > 0 else line[begins.start():])
            depth = max(0, depth + plain.count("(") - plain.count(")"))
    return numbers


def gates():
    """[(name, lines %, branches % or None, patterns)] of the file of gates."""
    rows = []
    for line in (top / "tests/cover/gates").read_text().splitlines():
        words = line.split("#")[0].split()
        if words and words[0] != "markers":
            rows.append((words[0], float(words[1]), None if words[2] == "-" else float(words[2]), words[3:]))
    return rows


def counted(build):
    """{source: {line: [times, {branch: times}]}} over every object of the build; a line of a header may be in several."""
    found = collections.defaultdict(dict)
    objects = sorted(str(one) for one in (build / "obj").rglob("*.gcno")) # a unit test may include a source
    if not objects:
        sys.exit(f"{build}: no counts: make cover")
    for at in range(0, len(objects), 40):
        answer = subprocess.run(["gcov", "-b", "--json-format", "--stdout", *objects[at:at + 40]], cwd=top, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
        for text in answer.splitlines():
            for one in json.loads(text)["files"]:
                name = one["file"]
                if name.startswith("/") or not name.startswith(("proto/", "relay/", "node/")):
                    continue
                for line in one["lines"]:
                    row = found[name].setdefault(line["line_number"], [0, collections.Counter()])
                    row[0] += line["count"]
                    for index, branch in enumerate(line["branches"]):
                        row[1][index] += branch["count"]
    return found


def weigh(name, lines):
    """(lines, reached, branches, taken, what was not reached, markers) of a source."""
    text = (top / name).read_text().splitlines()
    total = reached = branches = taken = markers = 0
    missing = []
    checks = own_mistakes(text)
    for number, (times, outcomes) in sorted(lines.items()):
        source = text[number - 1] if number <= len(text) else ""
        if MARK.search(source):
            markers += 1
            continue
        total += 1
        reached += times > 0
        if number not in checks:
            branches += len(outcomes)
            taken += sum(1 for count in outcomes.values() if count > 0)
            if times and any(count == 0 for count in outcomes.values()):
                missing.append((number, "a branch", source))
        if times == 0:
            missing.append((number, "the line", source))
    return total, reached, branches, taken, missing, markers


def part(reached, total):
    return 100.0 * reached / total if total else 100.0


def main():
    arguments = sys.argv[1:]
    if arguments[0] == "--start":
        for one in pathlib.Path(arguments[1]).rglob("*.gcda"):
            one.unlink()
        return
    build = pathlib.Path(arguments[0])
    files = {name: weigh(name, lines) for name, lines in sorted(counted(build).items())}
    if "--file" in arguments:
        wanted = arguments[arguments.index("--file") + 1]
        for number, what, source in files[wanted][4]:
            print(f"{wanted}:{number}: {what} was not reached: {source.strip()}")
        return
    print("   lines  branches")
    for name, row in sorted(files.items(), key=lambda one: one[1][0] - one[1][1], reverse=True)[:25]:
        print(f"{part(row[1], row[0]):7.1f}% {part(row[3], row[2]):7.1f}%  {name}, {row[0] - row[1]} lines not reached")
    red = 0
    for gate, want_lines, want_branches, patterns in gates():
        wanted = [p for p in patterns if not p.startswith("!")]
        never = [p[1:] for p in patterns if p.startswith("!")]
        rows = [row for name, row in files.items() if any(fnmatch.fnmatch(name, p) for p in wanted)
                and not any(fnmatch.fnmatch(name, p) for p in never)]
        lines = part(sum(row[1] for row in rows), sum(row[0] for row in rows))
        branches = part(sum(row[3] for row in rows), sum(row[2] for row in rows))
        good = bool(rows) and lines >= want_lines and (want_branches is None or branches >= want_branches)
        red += not good
        print(f"{'ok' if good else 'FAIL'} cover {gate}: lines {lines:.1f} % of {want_lines:g}"
              + ("" if want_branches is None else f", branches {branches:.1f} % of {want_branches:g}")
              + f" ({len(rows)} files, {sum(row[5] for row in rows)} lines marked unreached)")
    sys.exit(1 if red else 0)


main()

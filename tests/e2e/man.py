#!/usr/bin/env python3
"""docs/man/hotline.1, its section COMMANDS, is what `hotline help` says of each command, in that order.

usage: man.py HOTLINE [--write]          HOTLINE: the program
"""
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/man/hotline.1"


def says(*words):
    return subprocess.run([sys.argv[1], *words], capture_output=True, text=True, check=True).stdout


def escaped(text):
    return text.replace("\\", "\\e").replace("-", "\\-")


def sentence(text):
    return escaped(text[0].upper() + text[1:]) + "."


def plain(line):
    """A line that is text, whatever it begins with."""
    return "\\&" + line if line[:1] in ".'" else line


def block(command):
    text = says("help", *command.split())
    summary = text.split("\n")[0].split(" - ", 1)[1]
    examples = re.search(r"^Examples:\n(.*?)\n\nUsage:", text, re.S | re.M)
    usage = re.search(r"^Usage: hotline (.*)$", text, re.M).group(1)
    notes, options = text[text.index("Usage:"):].split("\n", 2)[2].split("Options:\n", 1)
    out = [".SS " + escaped(usage), sentence(summary)]
    if notes.strip():
        out += [".PP", *(plain(escaped(line)) for line in notes.strip().split("\n"))]
    for line in options.split("\n"):
        row = re.match(r"  (\S.*?)(?:\s{2,}|(?<=[A-Z]) )(\S.*)$", line)
        if row and not row.group(1).startswith(("--node", "--no-input", "-h,")):
            out += [".TP", ".B " + escaped(row.group(1)), sentence(row.group(2))]
    if examples:
        out += [".PP", ".EX", *(plain(escaped(line)) for line in examples.group(1).split("\n")), ".EE"]
    return "\n".join(out) + "\n"


def main():
    listed = re.search(r"^Commands:\n(.*?)\n\n", says("--help"), re.S | re.M).group(1)
    commands = [re.match(r"  (\S+(?: \S+)*)", line).group(1) for line in listed.split("\n")]
    page = PAGE.read_text()
    first = page.index(".SH COMMANDS\n") + len(".SH COMMANDS\n")
    last = page.index("\n.SH ", first) + 1
    wanted = "".join(block(command) for command in commands)
    if "--write" in sys.argv:
        PAGE.write_text(page[:first] + wanted + page[last:])
        return 0
    have, want = page[first:last].split("\n"), wanted.split("\n")
    for number, (mine, theirs) in enumerate(zip(have, want)):
        if mine != theirs:
            print(f"hotline.1, COMMANDS, line {number + 1}: {mine!r}; help says {theirs!r}; tests/e2e/man.py HOTLINE --write")
            return 1
    return len(have) != len(want)


sys.exit(main())

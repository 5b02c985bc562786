#!/usr/bin/env python3
"""Functions that nobody may call. proto/banned.h makes some compile errors; this also sees tests and what a macro hides.

usage: banned.py [TOP]
"""
import pathlib
import re
import sys

BANNED = {
    "strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets": "has no bound, or hides where it cut: snprintf, memcpy",
    "strtok asctime ctime localtime gmtime tmpnam tempnam mktemp": "hidden state, or a race",
    "atoi atol atoll atof scanf fscanf": "cannot tell a number from an error: strtoll, or the module's own reader",
    "rand srand random srandom rand_r drand48": "not random: seal's random bytes",
    "alloca": "a peer sizes the stack",
    "system popen": "a shell reads the words: posix_spawn or fork and exec",
    "setjmp longjmp": "one way out of a function",
}
IN_TESTS = {"system", "popen"}
# The decoders of pictures report an error by a jump and no other way; the simulator ends a process where its CHECK fails.
JUMPS = {"setjmp", "longjmp"}
JUMPERS = {"node/picture_jpeg.c", "node/picture_png.c", "tests/sim/memory.c", "tests/sim/sim.h"}
REASON = {name: why for names, why in BANNED.items() for name in names.split()}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(REASON) + r")\s*\(")

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()


def without_comments_and_texts(source):
    """The same lines, with comments, strings and characters blanked."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), source, flags=re.S)


findings, files = [], 0
for area in ("proto", "relay", "node", "tests"):
    for path in sorted((top / area).rglob("*.[ch]")):
        files += 1
        for number, line in enumerate(without_comments_and_texts(path.read_text()).splitlines(), 1):
            for call in CALL.finditer(line):
                if area == "tests" and call.group(1) in IN_TESTS:
                    continue
                if call.group(1) in JUMPS and str(path.relative_to(top)) in JUMPERS:
                    continue
                findings.append(f"{path.relative_to(top)}:{number}: {call.group(1)}: {REASON[call.group(1)]}")
if files == 0:
    findings.append("banned: no sources found")
if findings:
    print("\n".join(findings))
    sys.exit(1)
print("ok lint banned")

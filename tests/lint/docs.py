#!/usr/bin/env python3
"""The documents against the sources. usage: docs.py [TOP]      docs.py --tables prints the tables of docs/protocol.md and docs/operations.md

- each `file.c:function()` and `function()` of docs/architecture.md is defined there, or somewhere;
- each relative link of README.md and docs/ leads to a file, and its #anchor to a heading;
- the field tables of docs/protocol.md are those of the schemas and of proto/wire_rules.c;
- the tables of docs/operations.md say of each configuration key what the sample files say;
- each frame of proto/wire.h stands in docs/protocol.md with its number, each signing context too.
"""
import pathlib
import re
import sys

SCHEMAS = ("proto/roster.proto", "proto/envelope.proto", "proto/session.proto")
SAMPLES = {"hotline-relay": "config/relay.yaml", "hotline-node": "config/node.yaml"}
TIME_MAX, NUMBER_MAX = 253402300799999999, 2**63 - 1

tables = "--tables" in sys.argv
arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
top = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parents[2]).resolve()
findings = []


def read(name):
    return (top / name).read_text()


# ---- what the sources say ----

def limits():
    """{LIMIT_X: number} of proto/limits.h."""
    values = {}
    for name, text in re.findall(r"^#define (LIMIT_\w+) (.+)$", read("proto/limits.h"), re.M):
        text = re.sub(r"INT64_C\((\d+)\)", r"\1", text)
        text = re.sub(r"\b(\d+)u\b", r"\1", text)
        values[name] = eval(re.sub(r"LIMIT_\w+", lambda m: str(values[m.group()]), text), {"__builtins__": {}})
    return values


def rules():
    """{message: {field number: (needed, min, max, many)}} of proto/wire_rules.c."""
    known = dict(limits(), TIME_MAX=TIME_MAX, NUMBER_MAX=NUMBER_MAX)
    text = read("proto/wire_rules.c")
    lists = {}
    for name, body in re.findall(r"static const struct wire_rule (\w+)\[\] = \{(.*?)\};", text, re.S):
        rows = re.findall(r"\{([^{}]+)\}", body)
        lists[name] = {}
        for row in rows:
            row = row.replace("ID", "1, LIMIT_ID_CHARS") if re.search(r"\bID\b", row) else row
            number, need, *bounds = [part.strip() for part in row.split(",")]
            lists[name][int(number)] = (need == "N", *[eval(b, {"__builtins__": {}}, known) for b in bounds])
    return {message: lists[name] for message, name in re.findall(r"ROW\((\w+), (\w+)\)", text[text.index("tables[] = {"):])}


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def messages(schema):
    """[(name, comment, [(number, name, type, repeated, comment)])] without the wrappers of codes."""
    found, above, current = [], [], None
    for line in read(schema).splitlines():
        if line.startswith("//"):
            above.append(line[2:].strip())
        elif m := re.match(r"message (\w+) \{", line):
            current = (m.group(1), " ".join(above), [])
            above = []
        elif m := re.match(r"    (optional|repeated) ([\w.]+) (\w+) = (\d+)( \[packed = true\])?;\s*(?://\s*(.*))?", line):
            label, kind, name, number, packed, comment = m.groups()
            current[2].append((int(number), name, kind + (", packed" if packed else ""), label == "repeated", comment or ""))
        elif line == "}":
            if current and current[2]:
                found.append(current)
            above, current = [], None
        elif not line.strip():
            above = []
    return found


def bound(kind, repeated, rule):
    needed, least, most, many = rule or (False, 0, 0, 0)
    words = []
    if repeated and many:
        words.append(f"at most {many:,}")
    if kind in ("string", "bytes") and (least or most):
        each = "each " if repeated else ""
        words.append(each + (f"{least:,} bytes" if least == most else f"{least:,} to {most:,} bytes" if most else f"{least:,} bytes or more"))
    elif most == TIME_MAX:
        words.append("a time" if least else "a time, or 0")
    elif most == NUMBER_MAX:
        words.append(f"{least} to 2^63 - 1")
    elif most:
        words.append(f"{least:,} to {most:,}")
    elif least:
        words.append(("each " if repeated else "") + f"{least:,} or more")
    return "; ".join(words)


def rows(message, fields, all_rules):
    """The columns that the document must have, field by field."""
    for number, name, kind, repeated, comment in fields:
        rule = all_rules.get(snake(message), {}).get(number)
        kind_text = ("list of " if repeated else "") + kind.replace(".Code", "")
        need = "needed" if rule and rule[0] else ""
        yield f"| {number} | `{name}` | {kind_text} | {need} | {bound(kind.split(',')[0], repeated, rule)} |", comment


def key_rows(sample):
    """A row for each key of a sample file: its comment's last sentence is what is allowed, the rest what it is for."""
    section, comment = "", []
    for line in read(sample).splitlines():
        if m := re.match(r"\s*# ?(.*)", line):
            comment.append(m.group(1))
        elif m := re.match(r"(\s*)(\w+):(.*)", line):
            indent, word, value = m.groups()
            if not indent:
                section = "" if value.strip() else word + "."
            if value.strip():
                yield f"| `{(section if indent else '') + word}` | {comment[-1]} | {' '.join(comment[:-1])} |"
            comment = []
        elif not line.strip():
            comment = []


def print_tables():
    all_rules = rules()
    for schema in SCHEMAS:
        for message, comment, fields in messages(schema):
            print(f"\n**{message}**" + (f": {comment}" if comment else "") + "\n")
            print("| # | field | type | | bounds | meaning |\n|--:|---|---|---|---|---|")
            for row, meaning in rows(message, fields, all_rules):
                print(f"{row} {meaning} |")
    for program, sample in SAMPLES.items():
        print(f"\n### {program}\n\n| key | value | meaning |\n|---|---|---|")
        print("\n".join(key_rows(sample)))


# ---- the documents ----

def check_tables(protocol):
    all_rules, lines = rules(), protocol.splitlines()
    lines = [""] * lines.index("## Messages") + lines[lines.index("## Messages"):] if "## Messages" in lines else []
    for schema in SCHEMAS:
        for message, _, fields in messages(schema):
            starts = [i for i, line in enumerate(lines) if line.startswith(f"**{message}**")]
            if not starts:
                findings.append(f"docs/protocol.md: the message {message} is missing")
                continue
            inside = lines[starts[0] + 1:]
            ends = next((i for i, line in enumerate(inside) if re.match(r"\*\*|#", line)), len(inside))
            written = [line for line in inside[:ends] if re.match(r"\| \d+ \|", line)]
            for row, _ in rows(message, fields, all_rules):
                if not any(line.startswith(row) for line in written):
                    findings.append(f"docs/protocol.md:{starts[0] + 1}: {message} lacks the row: {row}")
            if len(written) != len(fields):
                findings.append(f"docs/protocol.md:{starts[0] + 1}: {message} has {len(written)} rows, the schema {len(fields)}")


def check_constants(protocol):
    for name, number in re.findall(r"X\(([A-Z_]+), (\d+), \w+\)", read("proto/wire.h")):
        if not re.search(rf"^\| {number} \| {name} \|", protocol, re.M):
            findings.append(f"docs/protocol.md: frame {name} is not listed with its number {number}")
    for context in re.findall(r'#define SEAL_CONTEXT_\w+ "(.+)"', read("proto/seal.h")):
        if f"`{context}`" not in protocol:
            findings.append(f"docs/protocol.md: the signing context \"{context}\" is missing")
    for name, status in re.findall(r"X\((\w+), (\d), \"", read("proto/err.h")):
        if not re.search(rf"\b{name}\b", protocol + operations):
            findings.append(f"docs: the error {name} (exit status {status}) is in no document")


def check_keys(text):
    for sample in SAMPLES.values():
        findings.extend(f"docs/operations.md: lacks the row of {sample}: {row}" for row in key_rows(sample) if row not in text)


def defined_in(path):
    """Names of the functions that a source file defines, static ones included."""
    return set(re.findall(r"^(?!#|static const|return)[\w *]*?\b(\w+)\([^;]*?\)\s*\{", path.read_text(), re.M | re.S))


def check_functions(text):
    sources = {p: defined_in(p) for p in sorted(top.glob("*/**/*.c")) if not p.relative_to(top).parts[0].startswith("build")}
    everywhere = set().union(*sources.values())
    named = re.findall(r"`(?:([\w/]+\.c):)?(\w+)\(\)`", text)
    if not named:
        findings.append("docs/architecture.md: names no function")
    for file, function in named:
        if file and not (top / file).is_file():
            findings.append(f"docs/architecture.md: there is no {file}")
        elif function not in (sources[top / file] if file else everywhere):
            findings.append(f"docs/architecture.md: {function}() is not defined in {file or 'any source'}")


def anchors(path):
    heads = re.findall(r"^#+ (.+)$", path.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def check_links(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", line) + re.findall(r'(?:src|srcset|href)="([^"]+)"', line):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            there = (path.parent / file).resolve() if file else path
            if not there.exists():
                findings.append(f"{path.relative_to(top)}:{number}: {target} does not exist")
            elif anchor and there.suffix == ".md" and anchor not in anchors(there):
                findings.append(f"{path.relative_to(top)}:{number}: {target}: no such heading")


if tables:
    print_tables()
    sys.exit(0)
operations = read("docs/operations.md")
check_tables(read("docs/protocol.md"))
check_constants(read("docs/protocol.md"))
check_keys(operations)
check_functions(read("docs/architecture.md"))
for document in [top / "README.md", *sorted((top / "docs").rglob("*.md"))]:
    check_links(document)
if findings:
    print("\n".join(findings))
    sys.exit(1)
print("ok lint docs")

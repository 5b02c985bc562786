#!/usr/bin/env python3
"""The tables of the body in docs/protocol.md against proto/case.proto and proto/case_rules.c.

usage: docs_case.py [TOP]      docs_case.py --tables prints them, to be put under "## Body"
"""
import pathlib
import re
import sys

tables = "--tables" in sys.argv
arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
top = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parents[2]).resolve()


def read(name):
    return (top / name).read_text()


def numbers():
    """What a bound of case_rules.c may name."""
    values = {"UINT32_MAX": 2**32 - 1, "INT64_MAX": 2**63 - 1}
    for file in ("proto/limits.h", "proto/case.h", "proto/case_rules.c"):
        for name, text in re.findall(r"^#define (\w+) (.+)$", read(file), re.M):
            text = re.sub(r"/\*.*", "", re.sub(r"INT64_C\((\d+)\)", r"\1", re.sub(r"\b(\d+)u\b", r"\1", text)))
            text = re.sub(r"[A-Z][A-Z_]+", lambda m: str(values.get(m.group(), m.group())), text)
            if re.fullmatch(r"[\d\s()*/+-]+", text):
                values[name] = eval(text.replace("/", "//"), {"__builtins__": {}})
    return values


def forms():
    """{(message, field): (kind, least, most, count)} of the rows of case_rules.c."""
    known, found = numbers(), {}
    row = r'\{"(\w+)",\s*"(\w+)",\s*CASE_(\w+),\s*([^,}]+),\s*([^,}]+),\s*([^,}]+)\}'
    for message, field, kind, *bounds in re.findall(row, read("proto/case_rules.c")):
        found[message, field] = (kind, *[eval(b, {"__builtins__": {}}, known) for b in bounds])
    return found


WORDS = {"COUNTRY": "a country", "LANGUAGE": "a language", "PHONE": "E.164", "DATE": "YYYY-MM-DD", "ZONE": "a time zone",
         "SCRIPT": "ISO 15924", "MEMBER": "a member's id", "REFERENCE": "a reference", "MIME": "image/jpeg"}


def bound(form):
    kind, least, most, count = form
    words = [f"at most {count}"] if count else []
    if kind in ("LINE", "TEXT"):
        words.append(f"{'one line' if kind == 'LINE' else 'lines'}, {most:,} characters")
    elif kind == "BYTES":
        words.append(f"{least:,} bytes" if least == most else f"{least:,} to {most:,} bytes")
    elif kind == "NUMBER" and most in (253402300799999999,):
        words.append("a time, or 0")
    elif kind == "NUMBER" and most >= 2**32 - 1:
        words.append("1 or more" if least else "any")
    elif kind == "NUMBER":
        words.append(f"{least:,} to {most:,}")
    elif kind in WORDS:
        words.append(WORDS[kind])
    return "; ".join(words)


def parse():
    """([(message, comment, rows)], [(enum, values)]) of case.proto."""
    found, codes, above, name, rows, values, all_forms = [], [], [], None, None, None, forms()
    for line in read("proto/case.proto").splitlines():
        if re.match(r"// ---", line):
            above = []
        elif line.startswith("//"):
            above.append(line[2:].strip())
        elif m := re.match(r"message (\w+) \{", line):
            name, rows, values = m.group(1), [], []
        elif m := re.match(r"\s+(?:(optional|repeated) )?([\w.]+) (\w+) = (\d+);\s*(?://\s*(.*))?", line):
            label, kind, field, number, comment = m.groups()
            kind_text = ("list of " if label == "repeated" else "") + kind.replace(".Code", "")
            form = all_forms.get((name, field), ("", 0, 0, 0))
            rows.append(f"| {number} | `{field}` | {kind_text} | {bound(form)} | {comment or ''} |")
        elif m := re.match(r"\s+(\w+) = (\d+);\s*(?://\s*(.*))?", line):
            values.append(f"{m.group(2)} {m.group(1)}" + (f" ({m.group(3)})" if m.group(3) else ""))
        elif line == "}":
            if values:
                codes.append((name, f"| {name} | {', '.join(values)} |"))
            else:
                found.append((name, " ".join(above), rows))
            above = []
        elif not line.strip():
            above = [] if name is None else above
    return found, codes


def print_tables(found, codes):
    for name, comment, rows in found:
        print(f"\n**{name}**" + (f": {comment}" if comment else "") + "\n")
        print("| # | field | type | bounds | meaning |\n|--:|---|---|---|---|")
        print("\n".join(rows))
    print("\n### Codes of the body\n\n| field type | codes |\n|---|---|")
    print("\n".join(row for _, row in codes))


def check(found, codes):
    lines = read("docs/protocol.md").splitlines()
    lines = lines[lines.index("## Body"):] if "## Body" in lines else []
    for name, _, rows in found:
        starts = [i for i, line in enumerate(lines) if re.match(rf"\*\*{name}\*\*", line)]
        if not starts:
            yield f"docs/protocol.md: the body's message {name} is missing"
            continue
        inside = lines[starts[0] + 1:]
        ends = next((i for i, line in enumerate(inside) if re.match(r"\*\*|#", line)), len(inside))
        written = [line for line in inside[:ends] if re.match(r"\| \d+ \|", line)]
        yield from (f"docs/protocol.md: {name} lacks the row: {row}" for row in rows if row not in written)
        if len(written) != len(rows):
            yield f"docs/protocol.md: {name} has {len(written)} rows, the schema {len(rows)}"
    yield from (f"docs/protocol.md: lacks the codes: {row}" for _, row in codes if row not in lines)


messages, enums = parse()
if tables:
    print_tables(messages, enums)
    sys.exit(0)
findings = list(check(messages, enums))
if not messages or not enums:
    findings.append("proto/case.proto: nothing was found in it")
if findings:
    print("\n".join(findings))
    sys.exit(1)
print("ok lint docs_case")

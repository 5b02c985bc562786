#!/usr/bin/env python3
"""Who may include whom, and which file may include which library (docs/architecture.md, "Tree").

usage: layers.py [TOP]
A new module of proto/ gets a row in FLOORS; a file x_y.c belongs to module x unless x_y has a row of its own.
"""
import pathlib
import re
import sys

FLOORS = {
    0: "limits banned err log buf clock near utf8 form failpoint",
    1: "conf key keyfile seal wire jdoc mapper db store country metric lookup due",
    2: "envelope roster card receipt route case closing reply chain blob sealed",
    3: "loop zlink http notify",
}
# Header -> the modules that own the library; "relay/spool" means relay/spool*.[ch]. Tests may use any.
OWNERS = {
    r"zmq\.h": "proto/zlink relay/gate",
    r"uv\.h": "proto/loop proto/zlink proto/http proto/store",
    r"sodium\.h": "proto/key proto/keyfile proto/seal",
    r"sqlite3\.h": "proto/db relay/spool node/vault",
    r"protobuf-c/.*": "proto/wire proto/mapper",
    r"microhttpd\.h": "proto/http",
    r"jansson\.h": "proto/jdoc",
    r"yaml\.h": "proto/conf",
    r"curl/.*": "node/cli node/hook_link",
    r"expat\.h": "node/cli/cap_child",
    r"nettle/.*": "node/cli/cap_digest node/totp",
    r"jpeglib\.h|jerror\.h|png\.h": "node/picture",
    r"seccomp\.h": "node/helper",
    r"qrencode\.h": "node/qr",
}
FLOOR_OF = {module: floor for floor, names in FLOORS.items() for module in names.split()}

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
findings = []


def report(path, line, text):
    findings.append(f"{path.relative_to(top)}:{line}: {text}")


def module_of(stem):
    """The module that a file of proto/ belongs to: the longest name of the table that it starts with."""
    parts = stem.split("_")
    for end in range(len(parts), 0, -1):
        if "_".join(parts[:end]) in FLOOR_OF:
            return "_".join(parts[:end])
    return None


def area_of(path):
    parts = path.relative_to(top).parts
    return "node/cli" if parts[:2] == ("node", "cli") else parts[0]


MAY_INCLUDE = {
    "proto": {"proto"},
    "relay": {"proto", "relay"},
    "node": {"proto", "node"},
    "node/cli": {"proto", "node/cli"},
}


def check_own(path, line, target):
    """An include of one of our files: areas first, then the floors of proto/."""
    area, other = area_of(path), area_of(target)
    if other not in MAY_INCLUDE[area]:
        report(path, line, f"{area}/ may not include {target.relative_to(top)}")
        return
    if area != "proto" or other != "proto":
        return
    own, theirs = module_of(path.stem), module_of(target.stem)
    if own and theirs is None:
        report(path, line, f"{target.name}: unknown module; add it to the table in tests/lint/layers.py")
    elif own and FLOOR_OF[theirs] > FLOOR_OF[own]:
        report(path, line, f"{own} (floor {FLOOR_OF[own]}) may not include {theirs} (floor {FLOOR_OF[theirs]})")


def check_library(path, line, name):
    place = str(path.relative_to(top))
    for pattern, owners in OWNERS.items():
        if not re.fullmatch(pattern, name):
            continue
        for owner in owners.split():
            if place.startswith(owner + "/") or re.fullmatch(re.escape(owner) + r"(_\w+)?\.[ch]", place):
                return
        report(path, line, f"<{name}> belongs to: {owners}")


def check_file(path):
    if area_of(path) == "proto" and module_of(path.stem) is None:
        report(path, 1, f"unknown module {path.stem}; add it to the table in tests/lint/layers.py")
    for number, text in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', text)
        if not found:
            continue
        quote, name = found.groups()
        if quote == "<" or name.startswith("protobuf-c/"):
            check_library(path, number, name)
        elif name.endswith(".pb-c.h"):
            if name.split("/")[0] not in MAY_INCLUDE[area_of(path)]:
                report(path, number, f"{area_of(path)}/ may not include {name}")
        else:
            beside, from_top = path.parent / name, top / name
            target = beside if beside.exists() else from_top
            if target.exists():
                check_own(path, number, target.resolve())
            else:
                report(path, number, f"{name}: no such file in the project")


top = top.resolve()
files = [f for area in ("proto", "relay", "node") for f in sorted((top / area).rglob("*.[ch]"))]
for file in files:
    check_file(file)
if not files:
    findings.append("layers: no sources found")
if findings:
    print("\n".join(findings))
    sys.exit(1)
print("ok lint layers")

#!/usr/bin/env python3
"""The files of a folder as a C table (node/web_assets.h), for hotline-node to serve.

usage: embed.py FOLDER OUT.c
A file whose name holds a dash or a dot and then eight or more capitals, digits and small letters before its ending, as
app-3F9A11C2.js, never changes under that name: it is served as immutable. Text comes compressed too where that is shorter.
"""
import gzip
import hashlib
import pathlib
import re
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
         ".woff2": "font/woff2", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".txt": "text/plain; charset=utf-8",
         ".webmanifest": "application/manifest+json"}
HASHED = re.compile(r"[-.](?=[A-Za-z0-9]*[0-9])[A-Za-z0-9]{8,}\.[a-z0-9]+$")


def array(name, data):
    numbers = ",".join(str(b) for b in data) or "0"
    return f"static const unsigned char {name}[] = {{{numbers}}};\n"


def main(folder, out):
    top, arrays, rows = pathlib.Path(folder), [], []
    for path in sorted(p for p in top.rglob("*") if p.is_file()):
        kind = TYPES.get(path.suffix)
        if kind is None:
            sys.exit(f"{path}: files that end in {path.suffix or 'nothing'} are not served; add the type to {sys.argv[0]}")
        data = path.read_bytes()
        packed = gzip.compress(data, 9, mtime=0)
        n, smaller = len(rows), len(packed) < len(data) * 9 // 10
        arrays.append(array(f"file_{n}", data) + (array(f"gzip_{n}", packed) if smaller else ""))
        etag = hashlib.sha256(data).hexdigest()[:32]
        immutable = "true" if HASHED.search(path.name) else "false"
        compressed = f"gzip_{n}, {len(packed)}" if smaller else "0, 0"
        rows.append(f'    {{"/{path.relative_to(top)}", "{kind}", "\\"{etag}\\"", {immutable}, file_{n}, {len(data)}, {compressed}}},\n')
    if not any('"/index.html"' in row for row in rows):
        sys.exit(f"{folder}: there is no index.html")
    pathlib.Path(out).write_text('#include "node/web_assets.h"\n' + "".join(arrays) + "const struct web_asset web_assets[] = {\n" +
                                 "".join(rows) + f"}};\nconst unsigned long web_asset_count = {len(rows)};\n")


main(*sys.argv[1:])

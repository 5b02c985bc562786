#!/usr/bin/env python3
"""The codes of the schema in the console's languages, as C tables (proto/case_phrase.h), for the command line.

usage: phrases.py LOCALE.json... >OUT.c          English is proto/case_phrase_en.c
"""
import json
import pathlib
import re
import sys

CODE = re.compile(r"[A-Z][A-Za-z]+\.[A-Z0-9_]+$")


def text(value):
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main(paths):
    tables = []
    print('/* Made by web/phrases.py of web/locales. */\n#include "proto/case_phrase.h"\n')
    for path in sorted(map(pathlib.Path, paths)):
        rows = {key: value for key, value in json.loads(path.read_text(encoding="utf-8")).items() if CODE.match(key)}
        tables.append((path.stem, len(rows)))
        print(f"static const struct case_phrase_row rows_{path.stem}[] = {{")
        for key in sorted(rows, key=str.encode):
            print(f"    {{{text(key)}, {text(rows[key])}}},")
        print("};\n")
    print("const struct case_catalogue case_catalogues[] = {")
    for name, count in tables:
        print(f'    {{"{name}", rows_{name}, {count}}},')
    print(f"}};\nconst size_t case_catalogue_count = {len(tables)};")


main(sys.argv[1:])

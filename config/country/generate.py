#!/usr/bin/env python3
"""Writes proto/country_table.c from Debian's iso-codes (package iso-codes, /usr/share/iso-codes/json/iso_3166-1.json).

usage: config/country/generate.py [iso_3166-1.json] >proto/country_table.c

Names are iso-codes' (LGPL-2.1+ data: facts of ISO 3166-1, the common name where there is one). XK is not in ISO 3166-1;
it is the user-assigned code that the network uses for Kosovo. Borders are the facts in borders.txt beside this script.
The output is committed: a build needs neither Python nor iso-codes.
"""
import json
import os
import sys

source = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/iso-codes/json/iso_3166-1.json"
with open(source, encoding="utf-8") as file:
    names = {row["alpha_2"]: row.get("common_name", row["name"]) for row in json.load(file)["3166-1"]}
names["XK"] = "Kosovo"
codes = sorted(names)
index = {code: i for i, code in enumerate(codes)}

pairs = set()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "borders.txt"), encoding="utf-8") as file:
    for number, line in enumerate(file, 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        kind, country, neighbours = words[0], words[1].rstrip(":"), words[2:]
        if kind not in ("land", "sea"):
            sys.exit(f"borders.txt:{number}: {kind}: neither land nor sea")
        for code in [country] + neighbours:
            if code not in index:
                sys.exit(f"borders.txt:{number}: {code}: no such country")
        for other in neighbours:
            if other == country:
                sys.exit(f"borders.txt:{number}: {country} beside itself")
            pairs |= {(index[country], index[other]), (index[other], index[country])}

print("/* country_table: written by config/country/generate.py from Debian's iso-codes and config/country/borders.txt."
      " Never edit. */")
print('#include "country_table.h"\n')
print("const struct country_row country_rows[COUNTRY_COUNT] = {")
for code in codes:
    name = names[code].replace("\\", "\\\\").replace('"', '\\"')
    print(f'    {{"{code}", "{name}"}},')
print("};\n")
print("/* Both directions of each border, ordered. */")
print("const struct country_border country_borders[] = {")
row = "   "
for a, b in sorted(pairs):
    cell = f" {{{a}, {b}}},"
    if len(row) + len(cell) > 108:
        print(row)
        row = "   "
    row += cell
print(row)
print("};")
print("const size_t country_border_count = sizeof country_borders / sizeof country_borders[0];")

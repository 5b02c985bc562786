#!/usr/bin/env python3
"""Reads a QR code of version 1 or 2 (one block, no errors mended) that stands as SVG on standard input; by ISO/IEC 18004 and without
the library that drew it.

usage: qr_read.py <CODE.svg      prints the text
"""
import re
import sys

svg = sys.stdin.read()
side = int(re.search(r'viewBox="0 0 (\d+) ', svg).group(1)) - 8
dark = [[False] * side for _ in range(side)]
for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1", svg):
    for i in range(int(run)):
        dark[int(y) - 4][int(x) - 4 + i] = True
if side not in (21, 25):
    sys.exit(f"{side} modules a side: neither version 1 nor 2")
for corner in ((0, 0), (0, side - 7), (side - 7, 0)):
    ring = [dark[corner[0]][corner[1] + i] and dark[corner[0] + 6][corner[1] + i] for i in range(7)]
    if not all(ring):
        sys.exit("a finder pattern is missing")
places = [(8, i) for i in (0, 1, 2, 3, 4, 5, 7, 8)] + [(i, 8) for i in (7, 5, 4, 3, 2, 1, 0)]
form = int("".join("1" if dark[r][c] else "0" for r, c in places), 2) ^ 0x5412
mask = form >> 10 & 7
MASKS = (lambda r, c: (r + c) % 2 == 0, lambda r, c: r % 2 == 0, lambda r, c: c % 3 == 0, lambda r, c: (r + c) % 3 == 0,
         lambda r, c: (r // 2 + c // 3) % 2 == 0, lambda r, c: r * c % 2 + r * c % 3 == 0,
         lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0, lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0)


def is_data(r, c):
    corner = (r < 9 and c < 9) or (r < 9 and c >= side - 8) or (r >= side - 8 and c < 9)
    return not corner and r != 6 and c != 6 and not (side == 25 and 16 <= r <= 20 and 16 <= c <= 20)


bits, upwards, column = "", True, side - 1
while column > 0:
    column -= column == 6
    for r in range(side - 1, -1, -1) if upwards else range(side):
        for c in (column, column - 1):
            if is_data(r, c):
                bits += "1" if dark[r][c] != MASKS[mask](r, c) else "0"
    upwards, column = not upwards, column - 2
if bits[:4] != "0100":
    sys.exit(f"mode {bits[:4]}: not bytes")
count = int(bits[4:12], 2)
print(bytes(int(bits[12 + 8 * i:20 + 8 * i], 2) for i in range(count)).decode())

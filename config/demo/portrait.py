#!/usr/bin/env python3
"""Draws the demo's portrait: a child that does not exist, from circles and lines. portrait.jpg is what hotline-node made of it.

usage: portrait.py OUT.png
"""
import struct
import sys
import zlib

WIDTH, HEIGHT = 600, 750
SKY, SKIN, SHADE, HAIR, EYE, MOUTH, COAT, SCARF = ((206, 222, 232), (236, 200, 168), (222, 180, 146), (92, 58, 34), (48, 66, 84),
                                                   (176, 84, 84), (196, 52, 60), (244, 206, 92))


def within(x, y, cx, cy, rx, ry):
    return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1


def pixel(x, y):
    if within(x, y, 245, 350, 16, 11) or within(x, y, 355, 350, 16, 11):
        return EYE
    if within(x, y, 245, 350, 30, 18) or within(x, y, 355, 350, 30, 18):
        return (250, 250, 250)
    if within(x, y, 300, 458, 46, 18) and y > 456:
        return MOUTH
    if within(x, y, 300, 405, 14, 20):
        return SHADE
    if within(x, y, 300, 300, 165, 150) and y < 262 - abs(x - 300) * 0.12:
        return HAIR
    if within(x, y, 300, 360, 132, 165):
        return SHADE if within(x, y, 205, 420, 26, 20) or within(x, y, 395, 420, 26, 20) else SKIN
    if within(x, y, 300, 340, 172, 200) and y < 520:
        return HAIR
    if 520 <= y <= 572 and abs(x - 300) < 120:
        return SCARF if int(x // 24 + y // 20) % 2 else (230, 180, 60)
    if within(x, y, 300, 760, 270, 220):
        return (250, 250, 250) if abs(x - 300) < 3 else COAT
    return SKY


def smooth(x, y):
    """Four samples a pixel, so that edges are soft."""
    samples = [pixel(x + dx, y + dy) for dx in (0.25, 0.75) for dy in (0.25, 0.75)]
    return bytes(sum(s[c] for s in samples) // 4 for c in range(3))


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


rows = b"".join(b"\0" + b"".join(smooth(x, y) for x in range(WIDTH)) for y in range(HEIGHT))
with open(sys.argv[1], "wb") as out:
    out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)) +
              chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))

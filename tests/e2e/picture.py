#!/usr/bin/env python3
"""Test pictures without any library: a PNG with text chunks, and a JPEG with a GPS text in its EXIF and bytes behind its end.

usage: picture.py png OUT WIDTH HEIGHT [SEED]     a PNG of soft noise, with a text chunk that says GPS-Canary
       picture.py exif IN OUT [ORIENTATION]       a JPEG with an EXIF block that says GPS-Canary, and a second file behind it
       picture.py bomb OUT                        a PNG that says it has 60000 x 60000 pixels
"""
import random
import struct
import sys
import zlib


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, rows):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tEXt", b"Comment\0GPS-Canary 50.8503 N 4.3517 E") +
            chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b""))


def noise(width, height, seed):
    dice = random.Random(seed)
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        jitter = dice.randbytes(width)
        for x in range(width):
            rows += bytes(((x * 255 // width + jitter[x] // 4) & 255, (y * 255 // height + jitter[x] // 4) & 255, jitter[x] // 2))
    return bytes(rows)


def exif(orientation):
    text = b"GPS-Canary 50.8503 N 4.3517 E\0"
    tiff = b"MM\0*" + struct.pack(">IH", 8, 2) + struct.pack(">HHIHH", 0x112, 3, 1, orientation, 0)
    tiff += struct.pack(">HHII", 0x10E, 2, len(text), 38) + struct.pack(">I", 0) + text
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def main(args):
    if args[0] == "png":
        width, height = int(args[2]), int(args[3])
        data = png(width, height, noise(width, height, int(args[4]) if len(args) > 4 else 1))
        out = args[1]
    elif args[0] == "exif":
        jpeg = open(args[1], "rb").read()
        data = jpeg[:2] + exif(int(args[3]) if len(args) > 3 else 6) + jpeg[2:] + b"PK\3\4GPS-Canary behind the end"
        out = args[2]
    else:
        head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100000)) + chunk(b"IEND", b"")
        out = args[1]
    with open(out, "wb") as file:
        file.write(data)


main(sys.argv[1:])

#!/usr/bin/env python3
"""Pictures that nobody should have to decode, made without any library. usage: bad_pictures.py GOOD.jpg FOLDER

Each goes into FOLDER under a name that says what it is; the good JPEG lends its tables.
"""
import pathlib
import random
import struct
import sys
import zlib


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, *chunks, depth=8, colour=2, interlace=0):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IEND", b"")


def frame_at(jpeg):
    """Where the frame header's height stands."""
    at = 2
    while jpeg[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
    return at + 5


def resized(jpeg, width, height):
    at = frame_at(jpeg)
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4:]


def scans(count):
    """A progressive frame of 65,500 x 175 pixels whose one scan comes again and again."""
    head = b"\xff\xd8\xff\xdb\0\x43\0" + b"\1" * 64
    frame = b"\xff\xc2\0\x0b\x08" + struct.pack(">HH", 175, 65500) + b"\1\1\x11\0"
    table = b"\xff\xc4\0\x14\0\1" + bytes(16)
    scan = b"\xff\xda\0\x08\1\1\0\0\0\0" + bytes(8190 * 22 // 8)
    return head + frame + table + scan * count + b"\xff\xd9"


def main(good, folder):
    jpeg, folder = pathlib.Path(good).read_bytes(), pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    zeros = zlib.compress(bytes(64 << 20), 9)   # 64 MiB in 64 kB
    row = zlib.compress(b"\0" + bytes(3 * 8), 9)
    dice = random.Random(7)
    bad = {
        "sides-65535.png": png(65535, 65535, chunk(b"IDAT", zeros)),
        "sides-65535-interlaced.png": png(65535, 65535, chunk(b"IDAT", zeros), interlace=1),
        "sides-65535.jpg": resized(jpeg, 65535, 65535),
        "sides-2-to-the-31.png": png(2**31 - 1, 2**31 - 1, chunk(b"IDAT", zeros)),
        "no-pixels.png": png(0, 8, chunk(b"IDAT", row)),
        "fewer-pixels-than-said.png": png(6000, 6000, chunk(b"IDAT", row)),
        "fewer-pixels-than-said.jpg": resized(jpeg, 6000, 6000),
        "scans.jpg": scans(600),
        "first-chunk-4-GB.png": b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xFFFFFFFF) + b"IHDR" + bytes(64),
        "wrong-checksum.png": png(8, 8, chunk(b"IDAT", row)).replace(b"IHDR", b"IHDr"),
        "noise-behind-magic.jpg": b"\xff\xd8\xff\xe0" + dice.randbytes(200000),
        "noise-behind-magic.png": b"\x89PNG\r\n\x1a\n" + dice.randbytes(200000),
        "svg.jpg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "gif-html.jpg": b"GIF89a/*<script>alert(1)</script>*/",
        "empty.jpg": b"",
    }
    for name, data in bad.items():
        (folder / name).write_bytes(data)
    # These are pictures, and more: what is more must not come out.
    rows = zlib.compress((b"\0" + bytes(3 * 40)) * 30, 9)
    more = {
        "text-bomb.png": png(40, 30, chunk(b"zTXt", b"Canary\0\0" + zeros), chunk(b"iCCP", b"Canary\0\0" + zeros), chunk(b"IDAT", rows)),
        "zip-behind.png": png(40, 30, chunk(b"IDAT", rows)) + b"PK\3\4Canary",
        "html-inside.jpg": jpeg[:2] + b"\xff\xfe" + struct.pack(">H", 40) + b"<script>Canary</script>".ljust(38) + jpeg[2:] + b"<html>Canary",
    }
    (folder / "more").mkdir(exist_ok=True)
    for name, data in more.items():
        (folder / "more" / name).write_bytes(data)


main(*sys.argv[1:])

#!/usr/bin/python3
"""Frames byte by byte, each field named: for whoever writes a node and wonders where the bytes differ.

usage: explain.py HEX | explain.py --document     the latter prints the blocks of "Your first node" of docs/protocol.md, from the vectors
What stands before ";" is the bytes, in order; "..." stands for the middle of a long value.
"""
import json
import pathlib
import struct
import sys

sys.dont_write_bytecode = True
import stranger as hr

WIDTH, BYTES_A_LINE = 80, 32
SIGNED = {("SignedCard", "card"): "Card", ("Envelope", "header"): "EnvelopeHeader", ("SignedReceipts", "batch"): "ReceiptBatch",
          ("SignedRoster", "roster"): "Roster", ("SignedAccepted", "batch"): "AcceptedBatch", ("SignedUnreadable", "unreadable"): "Unreadable"}


def descriptor(name):
    for module in (hr.roster_pb, hr.envelope_pb, hr.session_pb, hr.case_pb):
        if hasattr(module, name):
            return getattr(module, name).DESCRIPTOR
    raise KeyError(name)


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def line(depth, text, comment):
    return f"{'  ' * depth}{text}".ljust(WIDTH) + f"; {'  ' * depth}{comment}"


def value_lines(depth, head, value, comment):
    """A value of bytes in lines; a long one without its middle."""
    if len(value) <= BYTES_A_LINE:
        return [line(depth, f"{head.hex(' ')} {value.hex()}", comment)]
    found = [line(depth, head.hex(" "), comment)]
    pieces = [value[at:at + BYTES_A_LINE].hex() for at in range(0, len(value), BYTES_A_LINE)]
    if len(pieces) > 4:
        pieces = [pieces[0], "...", pieces[-1]]
    return found + [line(depth + 1, piece, "") .rstrip("; ") for piece in pieces]


def named(field, value):
    """A number as people read it."""
    if field.enum_type:
        return f"{value} {field.enum_type.values_by_number[value].name}"
    if field.type == field.TYPE_BOOL:
        return "true" if value else "false"
    return str(value)


def packed_numbers(value):
    at, found = 0, []
    while at < len(value):
        number, at = varint(value, at)
        found.append(str(number))
    return ", ".join(found)


def explain(data, kind, depth):
    """Lines for one message."""
    found, at = [], 0
    while at < len(data):
        start = at
        tag, at = varint(data, at)
        field = kind.fields_by_number[tag >> 3]
        title = f"{field.number} {field.name}"
        number, at = varint(data, at)
        if tag & 7 == 0:
            found.append(line(depth, data[start:at].hex(" "), f"{title}: {named(field, number)}"))
            continue
        head, value, at = data[start:at], data[at:at + number], at + number
        inner = field.message_type or (descriptor(SIGNED[kind.name, field.name]) if (kind.name, field.name) in SIGNED else None)
        if inner:
            found.append(line(depth, head.hex(" "), f"{title}: {inner.name}, {number:,} bytes"))
            found += explain(value, inner, depth + 1)
        elif field.type == field.TYPE_STRING:
            found.append(line(depth, f"{head.hex(' ')} {value.hex()}", f'{title}: "{value.decode()}"'))
        elif field.type == field.TYPE_BYTES:
            found += value_lines(depth, head, value, f"{title}: {number:,} bytes")
        else:
            found.append(line(depth, f"{head.hex(' ')} {value.hex()}", f"{title}, packed: {packed_numbers(value)}"))
    return found


def explain_frames(data):
    found = []
    while data:
        length, kind = struct.unpack_from("<IB", data)
        found.append(line(0, data[:4].hex(" "), f"length of what follows: {length:,}"))
        found.append(line(0, data[4:5].hex(), f"type {kind}: {hr.FRAMES[kind]}"))
        found += explain(data[5:4 + length], descriptor(hr.FRAMES[kind]), 0)
        data = data[4 + length:]
    return found


def document():
    """{name: lines} of the golden vectors: each frame, and the body of the alert."""
    vectors = pathlib.Path(__file__).resolve().parents[1] / "vectors"
    blocks = {row["frame"]: explain_frames(bytes.fromhex(row["bytes"])) for row in json.loads((vectors / "frames.json").read_text())["frames"]}
    plain = bytes.fromhex(json.loads((vectors / "envelope-actual.json").read_text())["plain"])
    return {**blocks, "BODY": explain(plain, descriptor("EnvelopeBody"), 0)}


def main():
    if sys.argv[1:] != ["--document"]:
        print("\n".join(explain_frames(bytes.fromhex(sys.argv[1]))))
        return
    for name, lines in document().items():
        print(f"{name}\n```text", *lines, "```\n", sep="\n")


if __name__ == "__main__":
    main()

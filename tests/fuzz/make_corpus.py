#!/usr/bin/env python3
"""Writes the small seeds of tests/fuzz/corpus/TARGET/, honest and hostile, byte for byte the same in every run.

usage: make_corpus.py [FOLDER]        (default: corpus/ beside this file)
Inputs that a fuzzer found and that must stay green are added by hand under other names; this leaves them alone.
"""
import hashlib
import json
import pathlib
import re
import struct
import sys
import zlib

TOP = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus")
NOW = 1795219200000000
# Public keys of RFC 8032, 7.1: valid points.
POINTS = [bytes.fromhex(text) for text in (
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")]
ZERO_COMMITMENT = hashlib.blake2b(bytes(32), digest_size=32, person=b"HRcommit".ljust(16, b"\0")).digest()


def varint(value):
    out = b""
    while value > 0x7f:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def num(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def frame(kind, message):
    return struct.pack("<I", len(message) + 1) + bytes([kind]) + message


def put(target, name, content):
    folder = TOP / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def header(kind=1, status=1, revision=1, act=1, country="FR", **change):
    fields = {
        1: data(1, bytes.fromhex("01a1fb6718007102830405060708090a")), 2: data(2, "be-baken"), 3: data(3, bytes(16)),
        4: data(4, b"\x09" + bytes(31)), 5: num(5, kind), 6: num(6, status),
        7: data(7, data(1, "be-baken") + data(2, bytes(16))) if kind < 4 else b"",
        8: num(8, revision) if kind == 1 else b"", 9: num(9, act) if kind == 1 else b"", 10: data(10, data(1, country)),
        11: num(11, 1), 12: num(12, NOW), 13: num(13, NOW + 3 * 86400 * 10**6), 14: num(14, 1), 15: data(15, bytes(32)),
        16: data(16, bytes(24)), 17: data(17, ZERO_COMMITMENT)}
    fields.update({int(key[1:]): value for key, value in change.items()})
    return b"".join(fields[key] for key in sorted(fields))


def envelope(head=None, body=bytes(1040), grants=1):
    grant = data(1, "fr-phare") + data(2, bytes(8)) + data(3, bytes(24)) + data(4, bytes(56))
    return data(1, head or header()) + data(2, bytes(64)) + data(3, body) + data(4, grant) * grants


def signed(content):
    return data(1, content) + data(2, bytes(64))


def card():
    return (num(1, 7) + data(2, "fr-phare") + data(3, bytes(16)) + data(4, b"\x09" + bytes(31)) + num(5, NOW) +
            data(6, "NL") + data(6, "XK") + data(7, "hotline-node 0.1.0"))


def batch():
    receipt = data(1, bytes(32)) + num(2, 1) + num(3, NOW)
    return (data(1, "fr-phare") + data(2, "be-baken") + num(3, NOW) + num(4, 1) + data(5, bytes(32)) + data(6, receipt) * 3)


def accepted():
    acceptance = data(1, bytes(32)) + data(2, "fr-phare") + data(3, "nl-lamp") + data(4, data(1, "de-x") + data(2, "WITHDRAWN")) + data(5, "ES")
    return data(1, "relay-noord") + data(2, "be-baken") + num(3, NOW) + num(4, 1) + data(5, bytes(32)) + data(6, acceptance)


def frames():
    roster_name = num(1, 1) + data(2, bytes(32))
    hello = num(1, 1) + data(2, signed(card())) + data(3, roster_name) + data(4, "be-baken") + data(4, "nl-lamp") + data(5, b"\x07\x09")
    welcome = (num(1, 1) + data(2, "relay-noord") + num(3, NOW) + data(4, roster_name) + num(5, 256) + num(6, 1 << 22) +
               num(7, 1 << 18) + num(8, 3) + data(9, bytes(32)) + num(10, 0))
    present = data(1, "be-baken") + num(2, 1) + data(4, "nl") + num(5, NOW)
    honest = {
        "hello": frame(1, hello), "welcome": frame(32, welcome), "publish": frame(5, data(1, envelope())),
        "deliver": frame(36, data(1, envelope()) + num(2, 1) + data(3, "nl-lamp")),
        "receipts": frame(7, data(1, signed(batch()))), "accepted": frame(34, data(1, signed(accepted()))),
        "offer": frame(4, num(1, 0) + data(2, data(1, bytes(16)) + data(2, bytes(32))) * 3),
        "lacking": frame(33, num(1, 0) + data(2, bytes(16))), "cards": frame(3, data(1, signed(card())) * 2),
        "grant-wanted": frame(37, data(1, bytes(32)) + data(2, bytes(16)) + data(3, signed(card()))),
        "refused": frame(35, data(1, bytes(32)) + num(2, 9) + data(3, "60 a minute") + num(4, 500)),
        "gap": frame(9, data(1, "a") + data(2, "b") + data(3, bytes(16)) + data(4, b"\x01\x02\xff\x01")),
        "gap-answer": frame(10, data(1, "a") + data(2, "b") + data(3, bytes(16)) + data(4, b"\x01") + data(5, bytes(16))),
        "blob-put": frame(11, data(1, bytes(32)) + num(2, 0) + num(3, 1) + data(4, b"x" * 100)),
        "blob-want": frame(12, data(1, bytes(32)) + num(2, 0) + num(3, 1)),
        "blob-chunk": frame(40, data(1, bytes(32)) + num(2, 0) + num(5, 1)),
        "pulses": frame(13, num(1, NOW)) * 4 + frame(15, num(1, 5)), "taken": frame(14, data(1, bytes(16)) * 3),
        "presence": frame(39, data(1, present) * 3 + num(2, 1)), "pending": frame(38, data(1, "b") + num(2, 1) + num(3, NOW) + num(4, 2)),
        "unreadable": frame(8, data(1, data(1, data(1, "a") + data(2, "b") + data(3, bytes(32)) + num(4, 1) + num(5, NOW)) + data(2, bytes(64)) +
                                       data(3, signed(card())))),
    }
    hostile = {
        "bomb-presence": frame(39, b"\x0a\x00" * 3000), "bomb-cards": frame(3, b"\x0a\x00" * 3000),
        "bomb-grants": frame(5, data(1, b"\x22\x00" * 3000)), "unknown-field": frame(13, num(1, 1) + num(100, 1)),
        "unknown-type": frame(63, b"") + frame(255, b"x") + frame(0, b""), "twice": frame(13, num(1, 1) * 2),
        "backwards": frame(13, num(2, 1) + num(1, 1)), "length-0": bytes(5), "length-max": b"\xff" * 5,
        "cut": frame(1, hello)[:-3], "inner-cut": frame(13, b"\x08"), "nul": frame(39, data(1, data(1, b"a\0b") + num(2, 1))),
        "not-utf8": frame(39, data(1, data(1, b"\xed\xa0\x80") + num(2, 1))), "unknown-code": frame(15, num(1, 99)),
        "negative": frame(13, num(1, (1 << 64) - 1)), "long-varint": frame(13, b"\x08\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
        "bool-2": frame(39, data(1, data(1, "a") + num(2, 2))), "groups": frame(13, b"\x0b\x0b\x0b\x0c\x0c\x0c"),
        "unpacked": frame(9, data(1, "a") + data(2, "b") + data(3, bytes(16)) + num(4, 1) + num(4, 2)), "empty": b"",
    }
    for name, content in {**honest, **{"bad-" + key: value for key, value in hostile.items()}}.items():
        put("frames", name, content)


def envelopes():
    def with_plain(head, plain):
        return struct.pack("<H", len(head)) + head + plain

    rows = {
        "case": with_plain(header(), b"body\x80" + bytes(1019)), "drill": with_plain(header(status=2), b"body\x80" + bytes(1019)),
        "reply": with_plain(header(kind=2), b"\x80"), "probe": with_plain(header(kind=5), b""),
        "update": with_plain(header(revision=9, act=2), b"body\x80"),
        "bad-pad-zeros": with_plain(header(), bytes(1024)), "bad-pad-empty": with_plain(header(), b""),
        "bad-pad-mark": with_plain(header(), b"x" * 1023 + b"\x81"), "bad-pad-only-mark": with_plain(header(), b"\x80"),
        "bad-open-at-2": with_plain(header(revision=2), b""), "bad-country": with_plain(header(country="ZZ"), b""),
        "bad-status": with_plain(header(status=3), b""), "bad-sending-key": with_plain(header(_4=data(4, bytes(32))), b""),
        "bad-id": with_plain(header(_1=data(1, bytes(16))), b""), "bad-no-route": with_plain(header(_10=b""), b""),
        "bad-expires": with_plain(header(_13=num(13, 1)), b""), "bad-far": with_plain(header(_13=num(13, (1 << 63) - 1)), b""),
        "bad-opener": with_plain(header(kind=2, _7=data(7, data(1, "\x1b[2J") + data(2, bytes(16)))), b""),
        "bad-blobs": with_plain(header(_18=data(18, data(1, bytes(32)) + num(2, 5)) * 9), b""),
        "bad-commitment": with_plain(header(_17=data(17, bytes(32))), b"x\x80"),
        "bad-cut": with_plain(header(), b"")[:100], "bad-empty": b"",
    }
    for name, content in rows.items():
        put("envelope", name, content)


def rosters():
    def member(name, country, point, transport, extra=b""):
        return (data(1, name) + data(2, country) + data(3, "Hotline") + data(4, "nl") + num(5, 1) + num(6, 1) + data(7, point) +
                data(8, transport) + extra)

    def roster(members, threshold=1, keys=POINTS[:1], version=1, expires=NOW + 10**12):
        relay = (data(1, "relay-noord") + data(2, "NL") + data(3, "Relay") + data(4, "tcp://relay.example:7600") + data(5, POINTS[2]) +
                 data(6, b"\x06" + bytes(31)))
        return (num(1, version) + num(3, NOW) + num(4, expires) + num(5, threshold) + b"".join(data(6, key) for key in keys) +
                b"".join(data(7, one) for one in members) + data(8, relay))

    def signed_roster(content):
        return data(1, content) + data(2, data(1, bytes(8)) + data(2, bytes(64)))

    a, b = member("be-baken", "BE", POINTS[0], b"\x09" + bytes(31)), member("fr-phare", "FR", POINTS[1], b"\x05" + bytes(31))
    former = data(9, data(1, POINTS[2]) + num(2, NOW)) + data(10, "+3225550000") + num(11, 1) + num(12, NOW) + data(13, "NL")
    good = roster([a, b])
    rows = {
        "good": good, "signed": signed_roster(good), "full": roster([member("be-baken", "BE", POINTS[0], b"\x09" + bytes(31), former), b], 2, POINTS),
        "nobody": roster([]), "bad-order": roster([b, a]), "bad-twice": roster([a, a]), "bad-threshold": roster([a], 2),
        "bad-version": roster([a], version=0), "bad-expires": roster([a], expires=1), "bad-low-order": roster([a], keys=[b"\x01" + bytes(31)]),
        "bad-transport": roster([member("be-baken", "BE", POINTS[0], bytes(32))]), "bad-shared": roster([a, member("fr-x", "FR", POINTS[1], b"\x09" + bytes(31))]),
        "bad-country": roster([member("be-baken", "ZZ", POINTS[0], b"\x09" + bytes(31))]), "bad-bomb": b"\x3a\x00" * 3000,
        "bad-signatures": data(1, good) + data(2, data(1, bytes(8)) + data(2, bytes(64))) * 33, "bad-cut": signed_roster(good)[:200], "bad-empty": b"",
        "request": signed(data(1, "be-baken") + data(2, "BE") + data(3, "Hotline") + data(4, POINTS[0]) + data(5, b"\x09" + bytes(31)) + num(7, NOW)),
    }
    for name, content in rows.items():
        put("roster", name, content)


def texts():
    """Files that people write: taken from the samples and vectors of this repository."""
    root = pathlib.Path(__file__).parent.parent.parent
    vectors = root / "tests/vectors"
    key = json.loads((vectors / "keyfile.json").read_text())
    put("keyfile", "open", key["unlocked"].encode())
    put("keyfile", "locked", key["locked"].encode())
    put("keyfile", "bad-argon", key["locked"].replace("268435456", "99999999999").encode())
    put("keyfile", "passphrase", b"right\n")
    put("authority", "good", key["authority_pub"].encode() if "authority_pub" in key else b"hotline-authority 1\n")
    put("authority", "two", b"hotline-authority 1\nthreshold 2\n" + b"".join(b"key " + p.hex().encode() + b"\n" for p in POINTS))
    put("authority", "request", data(1, "be-baken") + data(2, "BE") + data(3, "Hotline") + data(4, POINTS[0]) + data(5, b"\x09" + bytes(31)) + num(7, NOW))
    for name in ("relay", "node"):
        put("conf", name, (root / f"config/{name}.yaml").read_bytes())
        sample = re.sub(r"(?m)^(\s*)# ?([a-z_.]+:)", r"\1\2", (root / f"config/{name}.yaml").read_text())
        put("conf", name + "-all", "\n".join(line for line in sample.splitlines() if not line.strip().startswith("#")).encode())
    put("conf", "bad-yaml", b"relay: &a [*a, !!x y]\nrelay: 1\n---\n{")
    put("json", "case", (root / "tests/e2e/case.json").read_bytes())
    full = json.loads((vectors / "case-full.json").read_text())
    put("json", "full", json.dumps(full, ensure_ascii=False).encode())
    put("json", "reply", b'{"kind": "MESSAGE", "text": "seen"}')
    put("json", "sighting", b'{"at": "2026-11-21T10:00:00Z", "place": "Lyon", "confidence": "LIKELY", "country": "FR"}')
    put("json", "closing", b'{"outcome": "FOUND_SAFE", "found_country": "IT"}')
    put("json", "referral", b'{"languages": ["en"], "countries": ["GR"], "answer_by": "2026-11-23T10:00:00Z"}')
    put("json", "bad-deep", b"[" * 40 + b"]" * 40)
    put("json", "bad-numbers", b'{"child": {"age_years": 1e999, "x": -0}, "a": 9223372036854775808}')
    put("cap", "foreign", (vectors / "cap/foreign.xml").read_bytes())
    put("cap", "bad-doctype", b'<!DOCTYPE alert [<!ENTITY a "aaaa">]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">&a;</alert>')
    put("text", "controls", "a\u202eb\x1b[2J\x07 c\u2028d\tz\r\n\u0301\u4e2d\U0001f600".encode())
    put("text", "events", b"id: 7\nevent: case.received\ndata: {}\r\n\r\n: beat\n\ndata: a\ndata: b\n\n")
    put("text", "bad-utf8", b"\xc0\x80\xed\xa0\x80\xf8\xff 2026-11-21T10:00:00.5+02:00")


def binaries():
    root = pathlib.Path(__file__).parent.parent.parent
    for name in ("actual", "exercise"):
        put("body", name, bytes.fromhex(json.loads((root / f"tests/vectors/envelope-{name}.json").read_text())["plain"]))
    reply = data(3, num(1, 3) + data(2, "seen at the station"))
    put("body", "reply", reply)
    put("body", "probe", b"")
    put("blob", "small", struct.pack("<QII", 1065, 9, 5) + b"picture")
    put("blob", "chunks", struct.pack("<QII", 24 + 2 * (65536 + 17), 70000, 65536) + b"x" * 70)
    put("sealed", "empty", b"hotline-sealed 1 " + b"0" * 64 + b"\n" + num(1, 1) + data(2, "be-baken") + data(3, signed(card())) + data(4, envelope()))
    put("sealed", "bad-version", b"hotline-sealed 2 " + b"0" * 64 + b"\n")
    unreadable = data(1, "fr-phare") + data(2, "be-baken") + data(3, bytes(32)) + num(4, 1) + num(5, NOW)
    fr = 4 * 1
    for name, kind, content in (("card", 0, card()), ("receipts", 1, batch()), ("accepted", 2, accepted()), ("unreadable", 3, unreadable)):
        put("signed", name, bytes([kind + fr]) + content)
        put("signed", "bad-signer-" + name, bytes([kind]) + content)
    put("gaps", "holes", bytes([0, 5, 0, 9, 0, 7, 0, 6, 0, 8, 0x40, 3, 4, 1, 0x80]) + struct.pack("<Q", (1 << 64) - 1))

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    def png(kind, bits, width, height, row, extra=b""):
        return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)) + extra +
                chunk(b"IDAT", zlib.compress((b"\0" + row) * height)) + chunk(b"IEND", b""))

    put("picture", "png-rgb", png(2, 8, 4, 4, b"abc" * 4))
    put("picture", "png-grey", png(0, 1, 9, 3, b"\xaa\x80"))
    put("picture", "png-palette", png(3, 8, 4, 4, b"\0\1\0\1", chunk(b"PLTE", b"abcdef") + chunk(b"tRNS", b"\x80\xff")))
    put("picture", "png-alpha", png(6, 16, 2, 2, b"abcdefgh" * 2, chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0")))
    put("picture", "bad-png-huge", png(2, 8, 60000, 60000, b""))
    put("picture", "bad-exif", b"II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\3\0\1\0\0\0\6\0\0\0" * 9)


def requests():
    """Requests to the API, a list a file: fuzz_api.c says how they are written."""
    child = {"given_name": "Lotte", "age_years": 9, "languages": ["nl"]}
    case = {"category": "PARENTAL_ABDUCTION", "urgency": "IMMEDIATE", "child": child, "last_seen": {"country": "BE", "place": "Gent"},
            "police": {"informed": True}, "publicity": {"level": "PROFESSIONALS_ONLY"}, "contact": {"phone": "+3225550000"}}
    live = {"case": case, "status": "ACTUAL", "to": ["FR"], "confirm": "lotte"}
    own, foreign = "/v1/cases/BE-2026-00001", "/v1/cases/FR-2026-00001"

    def ask(line, body=None, *lines):
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body, separators=(",", ":"))
        return "\n".join((line, *lines, "", text))

    def several(name, *asked):
        put("api", name, "\n---\n".join(asked).encode())

    several("publish", ask("POST /v1/cases", live), ask("POST /v1/cases", live | {"dry_run": True, "to": ["FR", "NL"]}),
            ask("POST /v1/cases", live, "Idempotency-Key: fuzz-key-0"), ask("GET /v1/cases?box=sent&limit=1"),
            ask("POST /v1/cases", {"case": case, "status": "EXERCISE", "to": ["FR"], "drill": "SPRING-2026"}))
    several("revise", ask(f"POST {own}/revisions", {"case": case, "to": ["NL"]}), ask(f"GET {own}?wait=accepted&timeout_ms=0"),
            ask(f"POST {own}/close", {"outcome": "FOUND_SAFE", "found_country": "FR", "days_missing": 2}),
            ask(f"POST {own}/retract", {"reason": "wrong child"}), ask(f"GET {own}/sealed?to=fr-phare"), ask(f"GET {own}"))
    several("retract", ask(f"POST {own}/retract", {"reason": "wrong child"}), ask(f"POST {own}/close", {"outcome": "LOST"}))
    several("answer", ask(f"POST {foreign}/acknowledge", {"as": "Ana"}), ask(f"POST {foreign}/replies", {"kind": "MESSAGE", "text": "seen"}),
            ask(f"POST {foreign}/replies", {"kind": "SIGHTING", "sighting": {"at": "2026-11-20T10:00:00Z", "country": "FR", "place": "Lille"}}),
            ask(f"GET {foreign}/photo"), ask(f"GET {foreign}?wait=accepted&of=acknowledgement&timeout_ms=0"))
    several("decline", ask(f"POST {foreign}/decline", {"code": "DUPLICATE"}), ask(f"POST {foreign}/decline", {"code": "busy"}))
    several("refer", ask("POST /v1/cases", live), ask("POST /v1/cases/BE-2026-00002/referrals", {
        "languages": ["fr"], "countries": ["NL"], "answer_by": "2026-11-25T00:00:00Z", "child_age_years": 9, "children": 1,
        "hague_pending": True, "text": "two parents"}), ask("GET /v1/referrals"), ask("GET /v1/referrals/@"),
            ask("POST /v1/referrals/@/answer", {"act": "DECLINE", "decline": "OTHER"}))
    several("drafts", ask("POST /v1/drafts", {"case": case, "to": ["FR"], "notes": "ring again"}), ask("GET /v1/drafts"),
            ask("GET /v1/drafts/@"), ask("PUT /v1/drafts/@", {"case": case, "neighbours": True, "status": "ACTUAL"}),
            ask("POST /v1/drafts/@/publish", {"status": "ACTUAL", "confirm": "Lotte", "dry_run": True}),
            ask("POST /v1/drafts/@/publish", {"status": "ACTUAL", "confirm": "Lotte"}), ask("DELETE /v1/drafts/@"))
    several("draft-gone", ask("POST /v1/drafts", {"case": {}}), ask("DELETE /v1/drafts/@"), ask("GET /v1/drafts/@"))
    several("figures", ask("GET /v1/figures?year=2026"), ask("POST /v1/figures", {"year": 2026}), ask("GET /v1/figures?year=2026&format=csv"))
    several("notes", ask("POST /v1/notes", {"text": "night shift: ring Gent"}), ask("GET /v1/notes"), ask("DELETE /v1/notes/@"))
    several("subscriptions", ask("GET /v1/subscriptions"), ask("PUT /v1/subscriptions", {"countries": ["FR", "NL"]}),
            ask("PUT /v1/subscriptions", {"add": ["LU"], "remove": ["FR"]}))
    several("webhooks", ask("POST /v1/webhooks", {"url": "https://hooks.example/a", "events": ["case.received"]}), ask("GET /v1/webhooks/@"),
            ask("GET /v1/webhooks/@/secret"), ask("POST /v1/webhooks/@/test"), ask("GET /v1/deliveries"), ask("GET /v1/webhooks"),
            ask("POST /v1/webhooks", {"url": "http://127.0.0.1/"}), ask("DELETE /v1/webhooks/@"))
    several("users", ask("POST /v1/users", {"user": "bart", "role": "operator", "password": "seven green bottles"}), ask("GET /v1/users"),
            ask("PUT /v1/users/bart/role", {"role": "it"}), ask("PUT /v1/users/bart/password", {"password": "eight green bottles"}),
            ask("POST /v1/users/bart/totp"), ask("POST /v1/session", {"user": "bart", "password": "eight green bottles", "totp": "123456"}, "@console"),
            ask("POST /v1/session", {"user": "bart", "password": "eight green bottles"}, "@console"), ask("DELETE /v1/users/bart/totp"),
            ask("POST /v1/users/bart/unlock"), ask("DELETE /v1/users/bart"))
    several("tokens", ask("POST /v1/tokens", {"name": "other", "scopes": ["read", "publish:exercise"], "days": 3}), ask("GET /v1/tokens"), ask("DELETE /v1/tokens/@"))
    several("audit", ask("GET /v1/audit?limit=2"), ask("GET /v1/audit/verify"), ask("GET /v1/events?after=0"), ask("GET /v1/status"),
            ask("GET /v1/members"), ask("PATCH /v1/status"), ask("GET /v1/nothing"))
    several("console", ask("POST /v1/console/arm", {"console": "d" * 32, "languages": ["nl", "fr"]}, "@user"),
            ask("POST /v1/console/alive", {"console": "d" * 32}, "@user"), ask(f"POST {foreign}/shown", {"revision": 1}, "@user"),
            ask("POST /v1/console/disarm", {"console": "d" * 32}, "@user"),
            ask("GET /v1/session", None, "@user"), ask("GET /v1/users", None, "@user"), ask("POST /v1/cases", live, "@user"),
            ask("GET /v1/events?after=0", None, "@user"), ask("DELETE /v1/session", None, "@user"), ask("GET /v1/cases", None, "@user"))
    several("token-calls", ask("GET /v1/cases", None, "@token"), ask("POST /v1/cases", live, "@token"), ask("POST /v1/users", {"user": "eve"}, "@token"),
            ask("POST /v1/cases", {"case": case, "status": "EXERCISE", "to": ["FR"]}, "@token"))
    host = ("@console", "Host: console.example")
    several("bad-pages", ask("GET /v1/cases", None, *host, "Origin: https://evil.example", "Cookie: hotline_session=" + "0" * 64),
            ask("POST /v1/session", {"user": "anna", "password": "wrong"}, "@console", "Host: evil.example"),
            ask("POST /v1/session", {"user": "anna", "password": "wrong"}, *host, "Origin: http://console.example"),
            ask("GET /v1/cases", None, *host, "Authorization: Bearer hotline_" + "0" * 64),
            ask("GET /v1/cases", None, *host, "Cookie: a=b; hotline_session=" + "f" * 64 + ";c"),
            ask("GET /v1/cases", None, "@console", "Host: [::1]:7700", "Origin: null"), ask("DELETE /v1/session", None, "@console", "Cookie: ;;="))
    several("bad-bodies", ask("POST /v1/cases", "{}", "@bare"), ask("POST /v1/cases", "{", "@bare", "Content-Type: application/json"),
            ask("POST /v1/cases", {"case": {"child": {"hair": {"colour": "PURPLISH"}}}, "to": ["FR", "FR"], "status": "LIVE"}),
            ask("POST /v1/cases", '{"case":{},"case":[]}'), ask("POST /v1/sealed", "hotline-sealed-1 x", "@bare", "Content-Type: application/octet-stream"),
            ask("POST /v1/photos", "GIF89a", "@bare"), ask("GET /v1/cases?cursor=1-2-3&limit=0"), ask("POST /v1/drafts/publish", {"a": 1e308}))


frames()
envelopes()
requests()
rosters()
texts()
binaries()

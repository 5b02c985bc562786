"""What a node of the protocol needs, written from docs/protocol.md and the schemas alone: encoding, keys, signatures, rosters,
envelopes, frames. Shares nothing with the C sources, so that what the two agree on is what the document says.

Needs Debian's python3-nacl, python3-protobuf and protobuf-compiler. Raises Bad for whatever a peer did wrong.
"""
import atexit
import hashlib
import hmac
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"   # the others take texts that are not UTF-8
from google.protobuf.message import DecodeError
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

TOP = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ("roster", "envelope", "session", "case")
DAY_US = 86400 * 1000000
TIME_MAX = 253402300799999999


class Bad(Exception):
    """A peer's bytes that are refused; code is one of the document's where there is one."""

    def __init__(self, code, why=""):
        super().__init__(f"{code}: {why}" if why else code)
        self.code = code


def compile_schemas():
    """The schemas, compiled by protoc into a folder that goes with this process."""
    folder = tempfile.mkdtemp(prefix="stranger-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    files = [f"proto/{name}.proto" for name in SCHEMAS]
    subprocess.run(["protoc", "--proto_path", TOP, "--python_out", folder, *files], cwd=TOP, check=True, capture_output=True)
    sys.path.insert(0, folder)
    from proto import case_pb2, envelope_pb2, roster_pb2, session_pb2
    return roster_pb2, envelope_pb2, session_pb2, case_pb2


roster_pb, envelope_pb, session_pb, case_pb = compile_schemas()


def now_us():
    return time.time_ns() // 1000


# ---- encoding ----

def pack(message):
    return message.SerializeToString(deterministic=True)


def unpack(kind, data):
    """The message, if it packs again to the same bytes: no unknown field, no double, no odd varint."""
    message = kind()
    try:
        message.ParseFromString(data)
    except (DecodeError, UnicodeDecodeError) as error:
        raise Bad("MALFORMED", f"{kind.__name__}: {error}") from None
    message.DiscardUnknownFields()
    if pack(message) != data:
        raise Bad("MALFORMED", f"{kind.__name__}: not in its only encoding")
    return message


FRAMES = {1: "Hello", 2: "Rosters", 3: "Cards", 4: "Offer", 5: "Publish", 6: "Grants", 7: "Receipts", 8: "Unreadables", 9: "Gap",
          10: "GapAnswer", 11: "BlobPut", 12: "BlobWant", 13: "Pulse", 14: "Taken", 15: "Goodbye", 32: "Welcome", 33: "Lacking",
          34: "Accepted", 35: "Refused", 36: "Deliver", 37: "GrantWanted", 38: "Pending", 39: "Presence", 40: "BlobChunk"}
FRAME_TYPES = {name: number for number, name in FRAMES.items()}


def frame(message):
    data = pack(message)
    return struct.pack("<IB", len(data) + 1, FRAME_TYPES[type(message).__name__]) + data


def unframe(data):
    """The messages of one ZeroMQ message, in order."""
    found = []
    while data:
        if len(data) < 5 or len(found) == 4096:
            raise Bad("PROTOCOL", "a cut frame, or too many")
        length, kind = struct.unpack_from("<IB", data)
        if not 1 <= length <= 262140 or len(data) < 4 + length or kind not in FRAMES:
            raise Bad("PROTOCOL", f"frame {kind} of {length} bytes")
        found.append(unpack(getattr(session_pb, FRAMES[kind]), data[5:4 + length]))
        data = data[4 + length:]
    return found


# ---- keys ----

def blake(data, size=32, person=b""):
    return hashlib.blake2b(data, digest_size=size, person=person.ljust(16, b"\0")).digest()


def kdf(key, number, context):
    """crypto_kdf: BLAKE2b-256 of nothing, keyed, salted with the number, personalised with the context."""
    salt = struct.pack("<Q", number) + bytes(8)
    return hashlib.blake2b(b"", digest_size=32, key=key, salt=salt, person=context.encode().ljust(16, b"\0")).digest()


def key_id(public):
    return blake(public)[:8]


def public_of(secret):
    return sodium.crypto_scalarmult_base(secret)


def check_point(key):
    """An Ed25519 key: a valid point of the prime-order group."""
    if len(key) != 32 or not sodium.crypto_core_ed25519_is_valid_point(key):
        raise Bad("KEY", "not an Ed25519 point")


def check_x25519(key):
    """A key of low order gives nothing but zeros with any secret."""
    try:
        sodium.crypto_scalarmult(bytes([8]) + bytes(30) + bytes([64]), key)
    except (RuntimeError, CryptoError, ValueError):
        raise Bad("KEY", "of low order") from None


class Keys:
    """One key file: the master, and what derives from it."""

    def __init__(self, kind, name, country, label, generation, master):
        self.kind, self.id, self.country, self.name, self.generation = kind, name, country, label, generation
        self.master = master
        self.identity, self.identity_secret = sodium.crypto_sign_seed_keypair(kdf(master, generation, "HRidenty"))
        self.transport_secret = kdf(master, generation, "HRtransp")
        self.recovery_secret = kdf(master, generation, "HRrecovr")
        self.storage_wrap = kdf(master, 1, "HRstorag")
        self.transport, self.recovery = public_of(self.transport_secret), public_of(self.recovery_secret)

    def sending_secret(self, at_us):
        return kdf(self.master, at_us // 1000000 // 604800, "HRsendng")


def read_key_file(path, passphrase=None):
    text = pathlib.Path(path).read_text()
    lines = text.split("\n")
    names = ("hotline-key", "kind", "id", "country", "name", "generation", "lock", "secret")
    if len(lines) != 9 or lines[8] or any(not line.startswith(name + " ") for line, name in zip(lines, names)):
        raise Bad("SYNTAX", "not a key file")
    version, kind, name, country, label, generation, lock, secret = (line.split(" ", 1)[1] for line in lines[:8])
    if version != "1":
        raise Bad("SYNTAX", "a key file of another version")
    master = bytes.fromhex(secret)
    if lock != "none":
        words = re.fullmatch(r"argon2id13 (\d+) (\d+) ([0-9a-f]{32}) ([0-9a-f]{48})", lock)
        if not words or passphrase is None:
            raise Bad("PASSPHRASE", "locked")
        from nacl import pwhash
        key = pwhash.argon2id.kdf(32, passphrase.encode(), bytes.fromhex(words[3]), int(words[1]), int(words[2]))
        above = text[:text.index("secret ")].encode()
        try:
            master = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(master, above, bytes.fromhex(words[4]), key)
        except CryptoError:
            raise Bad("PASSPHRASE", "wrong") from None
    if len(master) != 32:
        raise Bad("SYNTAX", "a secret of the wrong length")
    nothing = {"-": ""}
    return Keys(kind, name, nothing.get(country, country), nothing.get(label, label), int(generation), master)


# ---- signatures ----

def sign(secret, context, data):
    return sodium.crypto_sign(context.encode() + b"\0" + data, secret)[:64]


def verifies(public, context, data, signature):
    try:
        sodium.crypto_sign_open(signature + context.encode() + b"\0" + data, public)
        return len(signature) == 64
    except (CryptoError, ValueError):
        return False


# ---- roster ----

class Trust:
    def __init__(self, threshold, keys):
        self.threshold, self.keys = threshold, list(keys)

    def signed(self, signed_roster):
        """Whether enough of the keys signed: each counts once."""
        good = set()
        for one in signed_roster.signatures:
            for key in self.keys:
                if key_id(key) == one.key_id and verifies(key, "hotline roster v1", signed_roster.roster, one.signature):
                    good.add(key)
        return len(good) >= self.threshold


def read_authority(path):
    """authority.pub: "hotline-authority 1", "threshold K", then "key HEX" for each."""
    lines = pathlib.Path(path).read_text().splitlines()
    if lines[0] != "hotline-authority 1":
        raise Bad("SYNTAX", "not an authority.pub")
    threshold = int(lines[1].removeprefix("threshold "))
    return Trust(threshold, [bytes.fromhex(line.removeprefix("key ")) for line in lines[2:]])


class Roster:
    """A verified roster. `before` is the one that it follows."""

    def __init__(self, signed_bytes, trust=None, before=None):
        signed = unpack(roster_pb.SignedRoster, signed_bytes)
        self.signed_bytes, self.bytes = signed_bytes, signed.roster
        self.hash = blake(signed.roster)
        trust = before.trust if before else trust
        if not trust.signed(signed):
            raise Bad("THRESHOLD", "too few signatures")
        self.message = unpack(roster_pb.Roster, signed.roster)
        self.version = self.message.version
        self.trust = Trust(self.message.threshold, self.message.authority_keys)
        self.check_content()
        if before and self.version <= before.version:
            raise Bad("EXISTS" if self.hash == before.hash else "DISPUTED" if self.version == before.version else "ROLLBACK")
        changed = self.trust.threshold != trust.threshold or set(self.trust.keys) != set(trust.keys)
        if changed and not self.trust.signed(signed):
            raise Bad("THRESHOLD", "changed authority keys, not signed by the new ones")
        self.members = {member.id: member for member in self.message.members}
        self.relays = {relay.id: relay for relay in self.message.relays}

    def check_content(self):
        message = self.message
        for key in message.authority_keys:
            check_point(key)
        for group in (message.members, message.relays):
            ids = [one.id for one in group]
            if ids != sorted(set(ids)):
                raise Bad("INVALID", "members or relays not in order")
            for one in group:
                check_point(one.identity_key)
                check_x25519(one.transport_key)
        transport = [one.transport_key for one in [*message.members, *message.relays]]
        if len(transport) != len(set(transport)) or not 1 <= message.threshold <= len(message.authority_keys):
            raise Bad("INVALID", "a key twice, or a threshold that cannot be met")
        if message.expires_at_us <= message.issued_at_us:
            raise Bad("INVALID", "expires before it was issued")

    def verifies_member(self, member, context, data, signature, at_us):
        entry = self.members.get(member)
        if entry is None:
            return False
        keys = [entry.identity_key] + [one.identity_key for one in entry.former_keys if at_us <= one.until_us]
        return any(verifies(key, context, data, signature) for key in keys)

    def standing(self, member, at_us):
        entry = self.members[member]
        codes = roster_pb.Standing
        outside = (entry.accredited_from_us and at_us < entry.accredited_from_us) or \
                  (entry.accredited_until_us and at_us >= entry.accredited_until_us)
        return codes.SUSPENDED if entry.standing == codes.ACTIVE and outside else entry.standing


# ---- card ----

def make_card(keys, **fields):
    card = roster_pb.Card(member=keys.id, **fields)
    data = pack(card)
    return roster_pb.SignedCard(card=data, signature=sign(keys.identity_secret, "hotline card v1", data))


def read_card(signed, roster, at_us):
    card = unpack(roster_pb.Card, signed.card)
    if not roster.verifies_member(card.member, "hotline card v1", signed.card, signed.signature, at_us):
        raise Bad("BAD_SIGNATURE", f"the card of {card.member}")
    check_x25519(card.encryption_key)
    return card


# ---- routing ----

def routed(roster, cards, sender, route, granted, at_us):
    """The members that an envelope goes to, by the roster and the cards (member: Card) held here."""
    audience = set(route.audience) or {roster_pb.Role.HOTLINE}
    concerned, found = set(route.countries), set()
    for member, entry in roster.members.items():
        if member == sender or roster.standing(member, at_us) == roster_pb.Standing.WITHDRAWN:
            continue
        subscribed = set(cards[member].subscriptions) if member in cards else set()
        if entry.may_subscribe:
            subscribed &= set(entry.may_subscribe)
        heard = not route.restricted and subscribed & (concerned | {roster.members[sender].country})
        if member in route.members or member in granted or (entry.role in audience and (entry.country in concerned or heard)):
            found.add(member)
    return found


# ---- envelope ----

def padded(data):
    """With the mark and zeros, to Padme's size, 1,024 at least."""
    length = len(data) + 1
    return (data + b"\x80").ljust(padded_size(length), b"\0")


def padded_size(length):
    if length <= 1024:
        return 1024
    exponent = length.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return -(-length // step) * step


def unpadded(data):
    data = data.rstrip(b"\0")
    if data[-1:] != b"\x80":
        raise Bad("BAD_BODY", "without its mark")
    return data[:-1]


def body_key(content_key, status):
    if status == envelope_pb.Status.EXERCISE:
        return kdf(content_key, 2, "HRexerci")
    return kdf(content_key, 1, "HRactual")


def commitment(content_key):
    return blake(content_key, person=b"HRcommit")


def uuid7(at_us):
    random = bytearray(os.urandom(16))
    random[:6] = (at_us // 1000).to_bytes(6, "big")
    random[6] = random[6] & 0x0f | 0x70
    random[8] = random[8] & 0x3f | 0x80
    return bytes(random)


def envelope_hash(header, body):
    return blake(header + blake(body))


def seal(keys, header, body_message, content_key):
    """header without nonce and commitment -> Envelope without grants, signed."""
    header.sending_key = public_of(keys.sending_secret(header.sent_at_us))
    header.body_nonce = os.urandom(24)
    header.key_commitment = commitment(content_key)
    head = pack(header)
    key = body_key(content_key, header.status)
    body = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(padded(pack(body_message)), head, header.body_nonce, key)
    signature = sign(keys.identity_secret, "hotline envelope v1", head + blake(body))
    return envelope_pb.Envelope(header=head, signature=signature, body=body)


def grant(content_key, sequence, sending_secret, member, encryption_key):
    nonce = os.urandom(24)
    pair = sodium.crypto_box_beforenm(encryption_key, sending_secret)
    box = sodium.crypto_box_afternm(content_key + struct.pack("<Q", sequence), nonce, pair)
    return envelope_pb.Grant(member=member, key_id=key_id(encryption_key), nonce=nonce, box=box)


def open_grant(one, sending_key, secret, committed):
    """(content key, sequence)."""
    try:
        plain = sodium.crypto_box_open_afternm(one.box, one.nonce, sodium.crypto_box_beforenm(sending_key, secret))
    except CryptoError:
        raise Bad("BAD_GRANT") from None
    content_key, (sequence,) = plain[:32], struct.unpack("<Q", plain[32:])
    if not hmac.compare_digest(commitment(content_key), committed):
        raise Bad("BAD_COMMITMENT")
    return content_key, sequence


def check_header(header):
    """The header's own rules."""
    pb = envelope_pb
    case = header.kind == pb.Kind.CASE
    wrong = (header.id[6] >> 4 != 7 or header.expires_at_us <= header.sent_at_us
             or header.HasField("case_name") != (header.kind in (pb.Kind.CASE, pb.Kind.REPLY, pb.Kind.REFERRAL))
             or header.HasField("revision") != case or header.HasField("act") != case
             or (case and header.case_name.opener != header.sender)
             or (case and (header.act == pb.Act.OPEN) != (header.revision == 1))
             or not (header.route.countries or header.route.members))
    if wrong or any(len(set(group)) != len(group) for group in (header.route.countries, header.route.members)):
        raise Bad("MALFORMED", "a header against its rules")


def open_body(header_bytes, header, body, content_key):
    try:
        plain = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(body, header_bytes, header.body_nonce, body_key(content_key, header.status))
    except CryptoError:
        raise Bad("BAD_BODY", "does not open") from None
    content = unpack(case_pb.EnvelopeBody, unpadded(plain))
    name = content.WhichOneof("content")
    if name != fitting(header):
        raise Bad("BAD_BODY", "does not fit its header")
    if name in ("alert", "closing") and getattr(content, name).case_id != header.case_name.case_id:
        raise Bad("BAD_BODY", "of another case")
    if name == "alert" and content.alert.status != header.status:
        raise Bad("BAD_BODY", "a drill for life, or the reverse")
    return content


def fitting(header):
    pb = envelope_pb
    if header.kind == pb.Kind.CASE:
        return "alert" if header.act in (pb.Act.OPEN, pb.Act.UPDATE) else "closing"
    return {pb.Kind.REPLY: "reply", pb.Kind.REFERRAL: "referral", pb.Kind.STATISTICS: "statistics", pb.Kind.PROBE: "probe"}[header.kind]


# ---- what is answered ----

def signed_receipts(keys, roster, sender, receipts, at_us):
    batch = pack(envelope_pb.ReceiptBatch(recipient=keys.id, sender=sender, made_at_us=at_us, roster_version=roster.version,
                                          roster_hash=roster.hash, receipts=receipts))
    return envelope_pb.SignedReceipts(batch=batch, signature=sign(keys.identity_secret, "hotline receipts v1", batch))


def gap_words(answer):
    """What a GapAnswer's signature covers: the message without its last field."""
    words = session_pb.GapAnswer()
    words.CopyFrom(answer)
    words.ClearField("signature")
    return pack(words)


def sign_gap_answer(answer, keys):
    answer.signature = sign(keys.identity_secret, "hotline gap answer v1", gap_words(answer))


def is_gap_answer(answer, roster, at_us=0):
    return roster.verifies_member(answer.sender, "hotline gap answer v1", gap_words(answer), answer.signature, at_us)


def answer_name(signed_bytes):
    """How both sides name a signed thing in Taken."""
    return blake(signed_bytes)[:16]

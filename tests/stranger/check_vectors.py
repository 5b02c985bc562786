#!/usr/bin/python3
"""The golden vectors, taken apart by code that was written from docs/protocol.md alone. usage: check_vectors.py [FOLDER]

Everything must derive, verify and open as the files say; what is changed in any one bit must not. Says how many checks passed.
"""
import json
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
import blob
import explain
import stranger as hr
from stranger import Bad, envelope_pb, roster_pb

FOLDER = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[1] / "vectors"
counted = {"passed": 0, "failed": 0}


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def raw(doc, key):
    return bytes.fromhex(doc[key])


def same(name, got, wanted):
    good = got == wanted
    counted["passed" if good else "failed"] += 1
    if not good:
        show = [one.hex() if isinstance(one, bytes) else one for one in (got, wanted)]
        print(f"FAIL {name}: {show[0]} instead of {show[1]}")


def refuses(name, call, *arguments):
    try:
        call(*arguments)
        same(name, "taken", "refused")
    except Bad:
        same(name, "refused", "refused")


def flips(data):
    """The data with one bit changed, at each byte."""
    for at in range(len(data)):
        yield data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:]


def check_keys():
    doc = load("keys")
    keys = hr.Keys("member", "be-baken", "BE", "", doc["generation"], raw(doc, "master"))
    secret, content = keys.sending_secret(doc["sent_at_us"]), raw(doc, "content_key")
    same("week", doc["sent_at_us"] // 1000000 // 604800, doc["week"])
    derived = {"identity_public": keys.identity, "identity_key_id": hr.key_id(keys.identity), "transport_secret": keys.transport_secret,
               "transport_public": keys.transport, "recovery_secret": keys.recovery_secret, "recovery_public": keys.recovery,
               "sending_secret": secret, "sending_public": hr.public_of(secret), "storage_wrap": keys.storage_wrap,
               "body_key_actual": hr.body_key(content, envelope_pb.Status.ACTUAL),
               "body_key_exercise": hr.body_key(content, envelope_pb.Status.EXERCISE), "key_commitment": hr.commitment(content),
               "signature": hr.sign(keys.identity_secret, doc["signature_context"], raw(doc, "signature_bytes")),
               "pair_of_sending_and_recovery": hr.sodium.crypto_box_beforenm(keys.recovery, secret)}
    for name, value in derived.items():
        same(name, value, raw(doc, name))
    one = envelope_pb.Grant(nonce=raw(doc, "box_nonce"), box=raw(doc, "box"))
    opened = hr.open_grant(one, hr.public_of(secret), keys.recovery_secret, raw(doc, "key_commitment"))
    same("box", opened, (content, doc["sequence"]))


def check_padme():
    for row in load("padme")["sizes"]:
        same(f"padded {row['length']}", hr.padded_size(row["length"]), row["padded"])


def check_keyfile():
    doc = load("keyfile")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "key"
        path.write_text(doc["unlocked"])
        same("unlocked key file", hr.read_key_file(path).master, raw(doc, "master"))
        path.write_text(doc["locked"])
        same("locked key file", hr.read_key_file(path, doc["passphrase"]).master, raw(doc, "master"))
        refuses("wrong passphrase", hr.read_key_file, path, "another")
        path.write_text(doc["locked"].replace("be-baken", "be-bakem"))
        refuses("changed head", hr.read_key_file, path, doc["passphrase"])
        path.write_text(doc["authority_pub"])
        trust = hr.read_authority(path)
    same("authority.pub", (trust.threshold, len(trust.keys)), (2, 3))
    return trust


def check_request():
    doc = load("request")
    for name in ("member", "relay"):
        signed = hr.unpack(roster_pb.SignedRequest, raw(doc, name))
        asked = hr.unpack(roster_pb.MembershipRequest, signed.request)
        context = "hotline membership request v1"
        same(f"request of a {name}", hr.verifies(asked.identity_key, context, signed.request, signed.signature), True)
        same(f"request of a {name}: endpoints", bool(asked.endpoints), name == "relay")
        same(f"request of a {name}: changed", hr.verifies(asked.identity_key, context, signed.request + b"\0", signed.signature), False)


def check_roster(trust):
    doc = load("roster")
    first = hr.Roster(raw(doc, "first"), trust=trust)
    second = hr.Roster(raw(doc, "second"), before=first)
    same("roster 1", (first.version, first.hash), (1, raw(doc, "first_hash")))
    same("roster 2", (second.version, second.hash), (2, raw(doc, "second_hash")))
    same("roster 2 names the first", second.message.previous_hash, first.hash)
    same("a withdrawn member", second.standing("fr-phare", second.message.issued_at_us), roster_pb.Standing.WITHDRAWN)
    refuses("too few signatures", lambda: hr.Roster(raw(doc, "second_signed_by_too_few"), before=first))
    refuses("a rollback", lambda: hr.Roster(raw(doc, "first"), before=second))
    for data in flips(raw(doc, "first")):
        refuses("a changed roster", lambda: hr.Roster(data, trust=trust))
    return first


def check_card(roster):
    doc = load("card")
    card = hr.read_card(hr.unpack(roster_pb.SignedCard, raw(doc, "card")), roster, 0)
    same("card", (card.member, card.encryption_key, list(card.subscriptions)), ("nl-lamp", raw(doc, "encryption_public"), ["BE", "FR"]))
    same("encryption key", hr.public_of(raw(doc, "encryption_secret")), card.encryption_key)
    same("its id", hr.key_id(card.encryption_key), raw(doc, "key_id"))
    for data in flips(raw(doc, "card")):
        refuses("a changed card", lambda: hr.read_card(hr.unpack(roster_pb.SignedCard, data), roster, 0))
    return raw(doc, "encryption_secret")


def open_envelope(data, roster, secret):
    """As a recipient does it: signature, grant, commitment, body."""
    envelope = hr.unpack(envelope_pb.Envelope, data)
    header = hr.unpack(envelope_pb.EnvelopeHeader, envelope.header)
    hr.check_header(header)
    if not roster.verifies_member(header.sender, "hotline envelope v1", envelope.header + hr.blake(envelope.body), envelope.signature, 0):
        raise Bad("BAD_SIGNATURE")
    if envelope.grants[0].key_id != hr.key_id(hr.public_of(secret)) or envelope.grants[0].member != "nl-lamp":
        raise Bad("NO_KEY")
    content_key, sequence = hr.open_grant(envelope.grants[0], header.sending_key, secret, header.key_commitment)
    return envelope, header, content_key, sequence, hr.open_body(envelope.header, header, envelope.body, content_key)


def check_envelope(name, roster, secret):
    doc = load(name)
    envelope, header, content_key, sequence, content = open_envelope(raw(doc, "envelope"), roster, secret)
    same(f"{name}: parts", (envelope.header, envelope.body, envelope.signature), tuple(raw(doc, key) for key in ("header", "body", "signature")))
    same(f"{name}: hash", hr.envelope_hash(envelope.header, envelope.body), raw(doc, "hash"))
    same(f"{name}: content key and sequence", (content_key, sequence), (raw(doc, "content_key"), doc["sequence"]))
    same(f"{name}: body key", hr.body_key(content_key, header.status), raw(doc, "body_key"))
    same(f"{name}: pair key", hr.sodium.crypto_box_beforenm(header.sending_key, secret), raw(doc, "pair_key"))
    same(f"{name}: plain text", hr.pack(content), raw(doc, "plain"))
    same(f"{name}: status", envelope_pb.Status.Code.Name(header.status), doc["status"])
    same(f"{name}: the child", content.alert.child.given_name, "Leonor")
    sender = hr.Keys("member", "be-baken", "BE", "", 1, raw(doc, "sender_master"))
    opened = hr.open_grant(envelope.self_grant, header.sending_key, sender.recovery_secret, header.key_commitment)
    same(f"{name}: self grant", opened, (content_key, 0))
    header.status = envelope_pb.Status.ACTUAL if doc["status"] == "EXERCISE" else envelope_pb.Status.EXERCISE
    refuses(f"{name}: as the other status", hr.open_body, envelope.header, header, envelope.body, content_key)
    spared = len(hr.pack(envelope)) - envelope.self_grant.ByteSize()   # nl-lamp does not look into the self grant
    for data in list(flips(raw(doc, "envelope")))[:spared - 3]:
        refuses(f"{name}: changed", open_envelope, data, roster, secret)
    return raw(doc, "hash")


def check_answers(roster, envelope_hash):
    for row in load("receipts")["receipts"]:
        signed = hr.unpack(envelope_pb.SignedReceipts, raw(row, "signed"))
        batch = hr.unpack(envelope_pb.ReceiptBatch, signed.batch)
        good = roster.verifies_member(batch.recipient, "hotline receipts v1", signed.batch, signed.signature, 0)
        receipt = batch.receipts[0]
        same(f"receipt {row['state']}", (good, envelope_pb.ReceiptState.Code.Name(receipt.state), receipt.envelope_hash, batch.sender),
             (True, row["state"], envelope_hash, "be-baken"))
        same(f"name of {row['state']}", hr.answer_name(signed.batch), raw(row, "name"))
        same("by another", roster.verifies_member("be-baken", "hotline receipts v1", signed.batch, signed.signature, 0), False)
    doc = load("unreadable")
    signed = hr.unpack(envelope_pb.SignedUnreadable, raw(doc, "signed"))
    said = hr.unpack(envelope_pb.Unreadable, signed.unreadable)
    same("unreadable", roster.verifies_member(said.recipient, "hotline unreadable v1", signed.unreadable, signed.signature, 0), True)
    same("unreadable: code", (said.code, said.envelope_hash), (envelope_pb.UnreadableCode.NO_KEY, envelope_hash))
    same("unreadable: card", hr.read_card(signed.card, roster, 0).member, "nl-lamp")
    same("unreadable: name", hr.answer_name(signed.unreadable), raw(doc, "name"))
    signed = hr.unpack(envelope_pb.SignedAccepted, raw(load("accepted"), "signed"))
    batch = hr.unpack(envelope_pb.AcceptedBatch, signed.batch)
    one = batch.acceptances[0]
    same("accepted", hr.verifies(roster.relays[batch.relay].identity_key, "hotline accepted v1", signed.batch, signed.signature), True)
    same("accepted: whom", (list(one.granted), list(one.wanted), [left.why for left in one.left_out], list(one.unreached), one.envelope_hash),
         (["nl-lamp"], ["de-spaet"], ["WITHDRAWN"], ["DE"], envelope_hash))


def check_blobs():
    doc = load("blobs")
    for row in doc["files"]:
        sealed, name, key, size = raw(row, "sealed"), raw(row, "name"), raw(row, "key"), row["plain_bytes"]
        what = f"attached file of {size}"
        same(what, blob.open_file(sealed, name, key, size), bytes((7 * at + 3) % 256 for at in range(size)))
        chunks = blob.cut(sealed)
        same(f"{what}: chunks", [len(chunk) for chunk in chunks], [one["bytes"] for one in row["chunks"]])
        same(f"{what}: chunks, by the size alone", [blob.chunk_size(len(sealed), at) for at in range(blob.count_of(len(sealed)))],
             [one["bytes"] for one in row["chunks"]])
        same(f"{what}: names of chunks", [blob.taken_name(name, at) for at in range(len(chunks))], [raw(one, "taken") for one in row["chunks"]])
        photo = hr.unpack(hr.case_pb.Attachment, raw(row, "attachment"))
        same(f"{what}: in the body", (photo.name, photo.key, photo.size_bytes, photo.mime_type), (name, key, size, "image/jpeg"))
        named = hr.unpack(envelope_pb.BlobName, raw(row, "blob_name"))
        same(f"{what}: in the header", (named.name, named.size_bytes), (name, len(sealed)))
        for at in range(0, len(sealed), 1 + len(sealed) // 200):
            changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1:]
            refuses(f"{what}: changed", blob.open_file, changed, name, key, size)
            refuses(f"{what}: changed, and named anew", blob.open_file, changed, hr.blake(changed), key, size)
        for other in [sealed[:-1], sealed[:len(chunks[0])] if len(chunks) > 1 else b"", chunks[0][:24] + b"".join(chunks[1:]) + chunks[0][24:] + b"1"]:
            refuses(f"{what}: cut, or in another order", blob.open_file, other, hr.blake(other), key, size)
        refuses(f"{what}: another key", blob.open_file, sealed, name, bytes(32), size)
        again, key, name = blob.seal(bytes(size))
        same(f"{what}: sealed here", (len(again), blob.open_file(again, name, key, size)), (len(sealed), bytes(size)))
    check_frame_rows(doc["frames"])
    put, chunk = (hr.unframe(raw(row, "bytes"))[0] for row in doc["frames"] if row["frame"] in ("BLOB_PUT", "BLOB_CHUNK") and "or:" not in row["says"])
    same("what went up comes down", (put.name, put.data), (chunk.name, chunk.data))


def check_kinds(roster, secret, actual_hash):
    """Closing, reply, referral, figures, probe: each opens, is what it says, and not under another header or content."""
    found = {}
    for row in load("envelope-kinds")["envelopes"]:
        envelope, header, _, sequence, content = open_envelope(raw(row, "envelope"), roster, secret)
        what = f"kind {row['content']}"
        same(what, (content.WhichOneof("content"), hr.fitting(header), sequence), (row["content"], row["content"], 7))
        same(f"{what}: plain text", hr.pack(content), raw(row, "plain"))
        same(f"{what}: hash", hr.envelope_hash(envelope.header, envelope.body), raw(row, "hash"))
        same(f"{what}: named, and no country", (list(header.route.members), list(header.route.countries)), (["nl-lamp"], []))
        for changed in list(flips(raw(row, "envelope")))[:len(envelope.header) + 1100:7]:
            refuses(f"{what}: changed", open_envelope, changed, roster, secret)
        found[row["content"]] = content
    same("closing: what it replaces", (found["closing"].closing.replaces.revision, found["closing"].closing.replaces.envelope_hash), (1, actual_hash))
    same("reply: its grades", (found["reply"].reply.sighting.source_grade, found["reply"].reply.sighting.information_grade), (2, 2))
    same("figures: a hidden cell has no count", [cell.HasField("count") for cell in found["statistics"].statistics.cells], [True, False])


def read_sealed_file(data):
    """"hotline-sealed 1 ", the digest of what follows the line, the line's end, and the packed SealedFile."""
    if len(data) > 1048576 or not data.startswith(b"hotline-sealed 1 ") or data[81:82] != b"\n":
        raise Bad("SYNTAX", "not a file of sealed envelopes")
    if data[17:81] != hr.blake(data[82:]).hex().encode():
        raise Bad("SYNTAX", "cut or changed")
    return hr.unpack(envelope_pb.SealedFile, data[82:])


def check_sealed_file(roster, secret, envelope_hash):
    data = raw(load("sealed-file"), "file")
    file = read_sealed_file(data)
    same("sealed file", (file.version, file.sender, len(file.envelopes)), (1, "be-baken", 1))
    same("sealed file: card", hr.read_card(file.card, roster, 0).member, "be-baken")
    envelope, header, _, sequence, content = open_envelope(hr.pack(file.envelopes[0]), roster, secret)
    same("sealed file: envelope", (header.sender, sequence, content.alert.child.given_name), ("be-baken", 7, "Leonor"))
    same("sealed file: the one that relays take", hr.envelope_hash(envelope.header, envelope.body), envelope_hash)
    same("sealed file: no self grant, one grant", (envelope.HasField("self_grant"), [one.member for one in envelope.grants]), (False, ["nl-lamp"]))
    for changed in flips(data):
        refuses("a changed sealed file", read_sealed_file, changed)
    for at in range(len(data)):
        refuses("a cut sealed file", read_sealed_file, data[:at])


def check_gap_answer(roster, envelope_hash):
    data = raw(load("gap-answer"), "signed")
    answer = hr.unpack(hr.session_pb.GapAnswer, data)
    same("gap answer", (hr.is_gap_answer(answer, roster), list(answer.voided), list(answer.envelope_ids)), (True, [6], [envelope_hash[:16]]))
    same("gap answer: what is signed is what comes before the signature", data.startswith(hr.gap_words(answer)), True)
    for changed in flips(data):
        try:
            same("a changed gap answer", hr.is_gap_answer(hr.unpack(hr.session_pb.GapAnswer, changed), roster), False)
        except Bad:
            same("a changed gap answer", "refused", "refused")


def check_frames():
    messages = check_frame_rows(load("frames")["frames"])
    by_name = {type(message).__name__: message for message in messages}
    same("delivered is what was published", by_name["Deliver"].envelope.body, by_name["Publish"].envelope.body)
    same("taken names the receipts", by_name["Taken"].names[0], hr.answer_name(by_name["Receipts"].receipts.batch))
    same("the echo", messages[-2].echo_us, messages[-3].clock_us)


def check_frame_rows(rows):
    messages = hr.unframe(b"".join(raw(row, "bytes") for row in rows))
    for row, message in zip(rows, messages):
        name = row["frame"].title().replace("_", "")
        same(f"frame {name}", (type(message).__name__, hr.frame(message)), (name, raw(row, "bytes")))
        refuses(f"frame {name}, cut", hr.unframe, raw(row, "bytes")[:-1])
    same("frames", len(rows), len(messages))
    return messages


def check_document():
    """The blocks of "Your first node" are the vectors'."""
    text = (hr.TOP / "docs" / "protocol.md").read_text()
    for name in ("HELLO", "WELCOME", "DELIVER", "BODY", "RECEIPTS", "TAKEN"):
        same(f"docs/protocol.md: {name}", "\n".join(explain.document()[name]) in text, True)


trust = check_keyfile()
check_keys()
check_padme()
check_request()
roster = check_roster(trust)
secret = check_card(roster)
check_envelope("envelope-exercise", roster, secret)
envelope_hash = check_envelope("envelope-actual", roster, secret)
check_answers(roster, envelope_hash)
check_gap_answer(roster, envelope_hash)
check_kinds(roster, secret, envelope_hash)
check_sealed_file(roster, secret, envelope_hash)
check_blobs()
check_frames()
check_document()
print(f"{counted['passed']} passed, {counted['failed']} failed")
sys.exit(counted["failed"] != 0)

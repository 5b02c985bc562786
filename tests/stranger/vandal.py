#!/usr/bin/python3
"""The small node, and what no node may do, one way at a time: for tests of who refuses it, and how. usage: as node.py"""
import os
import struct
import sys

sys.dont_write_bytecode = True
import stranger as hr
import blob
from node import Node, main
from stranger import case_pb, envelope_pb, session_pb


class Vandal(Node):
    spoil = None

    def prepare(self, header, content, forget, granted_before):
        """Relays see nothing wrong with these: only the recipient can."""
        if self.spoil == "BAD_BODY":
            content = case_pb.EnvelopeBody(reply=case_pb.Reply(kind=case_pb.ReplyKind.MESSAGE, text="no case", reference=content.alert.reference))
        item = super().prepare(header, content, forget, granted_before)
        envelope = self.envelope_of(item)
        for one in envelope.grants:
            if self.spoil == "BAD_GRANT":
                one.box = one.box[:-1] + bytes([one.box[-1] ^ 1])
            if self.spoil in ("BAD_COMMITMENT", "NO_KEY"):
                key = self.cards[one.member].encryption_key if self.spoil == "BAD_COMMITMENT" else hr.public_of(os.urandom(32))
                content_key = os.urandom(32) if self.spoil == "BAD_COMMITMENT" else bytes.fromhex(item["content_key"])
                secret = self.keys.sending_secret(header.sent_at_us)
                one.CopyFrom(hr.grant(content_key, item["numbers"][one.member], secret, one.member, key))
        item["envelope"] = hr.pack(envelope).hex()
        return item

    def do_spoilt(self, how, name, to):
        self.spoil = how
        self.do_open(name, to)
        self.spoil = None

    def do_wrong(self, how, reference):
        """An own envelope, spoilt in one way, to every relay."""
        envelope = self.envelope_of(self.find_own(reference))
        header = hr.unpack(envelope_pb.EnvelopeHeader, envelope.header)
        header.id = header.id if how == "DISPUTED" else hr.uuid7(hr.now_us())
        at = {"EXPIRED": (-2, -1), "FROM_THE_FUTURE": (2, 3), "VALIDITY_TOO_LONG": (0, 31), "DISPUTED": (0, 2)}.get(how, (0, 1))
        header.sent_at_us, header.expires_at_us = (hr.now_us() + days * hr.DAY_US for days in at)
        header.case_name.case_id = os.urandom(16)
        header.revision, header.act = 1, envelope_pb.Act.OPEN
        if how == "NOT_SENDER":
            header.sender = header.case_name.opener = next(member for member in self.roster.members if member != self.keys.id)
        if how == "NOBODY":
            del header.route.countries[:]
            header.route.countries.append("AQ")
            del envelope.grants[:]
        if how == "MALFORMED":
            header.act = envelope_pb.Act.UPDATE
        envelope.header = hr.pack(header)
        envelope.signature = hr.sign(self.keys.identity_secret, "hotline envelope v1", envelope.header + hr.blake(envelope.body))
        if how == "BAD_SIGNATURE":
            envelope.body = bytes([envelope.body[0] ^ 1]) + envelope.body[1:]
        for link in self.links:
            link.send(session_pb.Publish(envelope=envelope))

    # ---- attached files that are not what was named ----

    lying = None     # {name, how, chunks} of the lie that is told now

    def attach(self, header, alert, how=None, **photo):
        """Names a file of two chunks; what is given when it is asked for is another."""
        if how is None:
            self.lying = None
            super().attach(header, alert, **photo)
            return
        data = os.urandom(70000)
        sealed, key, name = blob.seal(data)
        size = 24 + 17 if how == "impossible" else len(sealed)
        chunks, honest = blob.cut(sealed), blob.cut(sealed)
        if how == "digest":
            chunks[1] = chunks[1][:-1] + bytes([chunks[1][-1] ^ 1])
        if how == "size":
            chunks[0] = chunks[0][:-1]
        names = [name] if how != "many" else [os.urandom(32) for _ in range(9)]
        alert.photos.append(case_pb.Attachment(name=name, key=key, size_bytes=len(data), mime_type="image/jpeg", width_px=300,
                                               height_px=200, thumbnail=b"\xff\xd8\xff\xd9"))
        header.blobs.extend(envelope_pb.BlobName(name=one, size_bytes=size) for one in names)
        self.lying = {"name": name, "how": how, "chunks": chunks, "honest": honest if how != "digest" else []}

    def on_blobwant(self, link, want):
        if self.lying is None or want.name != self.lying["name"]:
            super().on_blobwant(link, want)
            return
        chunks, how = self.lying["chunks"], self.lying["how"]
        for number in [1, 0] if how == "order" else [0, 1]:
            link.send(session_pb.BlobPut(name=want.name, chunk=number, chunks=len(chunks) + (how == "count"), data=chunks[number]))

    def on_refused(self, link, refused):
        super().on_refused(link, refused)
        if self.lying and refused.envelope_hash == self.lying["name"]:
            self.say("refused_blob", relay=link.relay, how=self.lying["how"], code=session_pb.RefusedCode.Code.Name(refused.code))
            if link.relay not in self.lying.setdefault("told", []):   # a relay takes one file after the other: this one comes to its end
                self.lying["told"].append(link.relay)
                chunks = self.lying["honest"]
                for at, data in enumerate(chunks):
                    link.send(session_pb.BlobPut(name=self.lying["name"], chunk=at, chunks=len(chunks), data=data))

    def do_lie(self, how, to):
        if how == "nobody":
            self.lying = {"name": os.urandom(32), "how": how, "chunks": [os.urandom(100)], "honest": []}
            for link in self.links:
                link.send(session_pb.BlobPut(name=self.lying["name"], chunk=0, chunks=1, data=self.lying["chunks"][0]))
        else:
            self.do_open("Liar", to, photo={"how": how})

    def do_want(self, name):
        for link in self.links:
            link.send(session_pb.BlobWant(name=bytes.fromhex(name), from_chunk=0, count=1))

    def on_blobchunk(self, link, chunk):
        if chunk.gone:
            self.say("gone", relay=link.relay)
        super().on_blobchunk(link, chunk)

    # ---- statements about what is another's ----

    def do_forge(self, how, reference, member=None):
        received = self.find_received(reference)
        hash_ = bytes.fromhex(received["hash"])
        for link in self.links:
            if how == "grant":
                one = hr.grant(os.urandom(32), 1, os.urandom(32), self.keys.id, hr.public_of(self.encryption_secret))
                link.send(session_pb.Grants(envelope_hash=hash_, grants=[one]))
                continue
            batch = envelope_pb.ReceiptBatch(
                recipient=member if how == "receipt_as_another" else self.keys.id,
                sender=member if how == "receipt_to_another" else received["sender"], made_at_us=hr.now_us(),
                roster_version=self.roster.version, roster_hash=self.roster.hash,
                receipts=[envelope_pb.Receipt(envelope_hash=hash_, state=envelope_pb.ReceiptState.ERASED, at_us=hr.now_us())])
            data = hr.pack(batch)
            signature = hr.sign(self.keys.identity_secret, "hotline receipts v1", data)
            link.send(session_pb.Receipts(receipts=envelope_pb.SignedReceipts(batch=data, signature=signature)))

    def do_garbage(self, how, relay):
        """Bytes that break the session with one relay; what is only malformed, nine times."""
        data, times = {"type": (struct.pack("<IB", 1, 99), 1), "not_permitted": (struct.pack("<IBBB", 3, 32, 8, 1), 1),
                       "cut": (b"\x09\0\0\0\x0d", 9), "length": (struct.pack("<IB", 262141, 13), 9), "empty": (struct.pack("<I", 0), 9),
                       "malformed": (struct.pack("<IB", 3, 13) + b"\xff\xff", 9)}[how]
        link = next(link for link in self.links if link.relay == relay)
        for _ in range(times):
            link.socket.send(data)


if __name__ == "__main__":
    main(Vandal)

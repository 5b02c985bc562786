#!/usr/bin/python3
"""The small node, and what no node may do, one way at a time: for tests of who refuses it, and how. usage: as node.py"""
import os
import struct
import sys

sys.dont_write_bytecode = True
import stranger as hr
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
        at = {"EXPIRED": (-2, -1), "FROM_THE_FUTURE": (1, 2), "VALIDITY_TOO_LONG": (0, 31), "DISPUTED": (0, 2)}.get(how, (0, 1))
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

#!/usr/bin/python3
"""A small second node, written from docs/protocol.md: one member of a running network.

usage: node.py --key FILE --authority FILE --roster FILE --store FILE [--subscribe CC,...]
Commands are JSON lines on standard input, events JSON lines on standard output (each do_ method is a command). What a peer may forget is on the
disk first. It has no console and no erasure, and keeps its store in clear: a test's tool, never a hotline's.
"""
import argparse
import json
import os
import pathlib
import select
import sys
import time

sys.dont_write_bytecode = True
import zmq
import stranger as hr
from blob import Photos
from room import Link, Store
from stranger import Bad, case_pb, envelope_pb, roster_pb, session_pb

HELLO_AGAIN_S, PULSE_S, RESEND_S, CARD_WAIT_S = 2, 5, 5, 10
STATES = envelope_pb.ReceiptState


def say(event, **fields):
    print(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)


class Node(Photos):
    say = staticmethod(say)

    def __init__(self, options):
        self.keys = hr.read_key_file(options.key)
        self.roster = hr.Roster(pathlib.Path(options.roster).read_bytes(), trust=hr.read_authority(options.authority))
        self.store = Store(options.store)
        self.wanted = options.subscribe.split(",") if options.subscribe else []
        self.cards, self.signed_cards = {}, {}
        self.encryption_secret = bytes.fromhex(self.store["encryption"])
        self.context, self.started, self.has_card = zmq.Context(), time.monotonic(), False
        self.links = [Link(self.context, self.keys, relay) for relay in self.roster.relays.values()]
        self.serials_heard = {}
        self.pages = {}
        self.begin_photos()
        if not self.store.is_new:
            self.make_card()
        say("started", member=self.keys.id, roster_version=self.roster.version)

    # ---- the session ----

    def hello(self, link):
        known = sorted((member, card.serial) for member, card in self.cards.items())
        message = session_pb.Hello(protocol=[1], roster=self.roster_name(), card_members=[member for member, _ in known],
                                   card_serials=[serial for _, serial in known], own_count=len(self.current()))
        if self.has_card:
            message.card.CopyFrom(self.signed_cards[self.keys.id])
        link.state, link.hello_at = "GREETING", time.monotonic()
        link.send(message)

    def roster_name(self):
        return session_pb.RosterName(version=self.roster.version, hash=self.roster.hash)

    def make_card(self):
        """Signed and on the disk before anybody sees it. An empty store takes over the subscriptions of its last card."""
        last = self.cards.get(self.keys.id)
        if self.store["subscriptions"] is None:
            self.store["subscriptions"] = list(last.subscriptions) if last else self.wanted
        seen = max([last.serial if last else 0, *self.serials_heard.values()])
        self.store["serial"] = max(self.store["serial"], seen, int(time.time())) + 1
        signed = hr.make_card(self.keys, serial=self.store["serial"], store_id=bytes.fromhex(self.store["store_id"]),
                              encryption_key=hr.public_of(self.encryption_secret), not_after_us=hr.now_us() + 7 * hr.DAY_US,
                              subscriptions=self.store["subscriptions"], software="stranger 1")
        self.store.commit()
        self.has_card = True
        self.signed_cards[self.keys.id], self.cards[self.keys.id] = signed, hr.unpack(roster_pb.Card, signed.card)
        for link in self.links:
            if link.state == "READY":
                link.send(session_pb.Cards(cards=[signed]))
        say("card", serial=self.store["serial"])

    def on_welcome(self, link, welcome):
        link.state = "READY"
        self.serials_heard[link.relay] = welcome.own_card_serial
        say("welcome", relay=welcome.relay, roster_version=welcome.roster.version, held=welcome.held_count)
        own = self.current()
        total = 0
        for hash_hex in own:
            total ^= int(hash_hex, 16)
        if welcome.held_count != len(own) or welcome.held_xor != total.to_bytes(32, "big"):
            offers = [session_pb.OfferedEnvelope(id=bytes.fromhex(item["id"]), hash=bytes.fromhex(hash_hex)) for hash_hex, item in own.items()]
            for page, at in enumerate(range(0, len(offers), 500)):
                link.send(session_pb.Offer(page=page, envelopes=offers[at:at + 500]))
        for hash_hex, item in own.items():
            if link.relay not in item["relays"]:
                link.send(session_pb.Publish(envelope=self.envelope_of(item)))
        self.send_owed(link)

    def on_rosters(self, link, rosters):
        for signed in rosters.rosters:
            try:
                self.roster = hr.Roster(hr.pack(signed), before=self.roster)
                say("roster", version=self.roster.version)
            except Bad as error:
                if error.code != "EXISTS":
                    say("refused_roster", code=error.code)

    def on_cards(self, link, cards):
        for signed in cards.cards:
            self.take_card(signed)

    def take_card(self, signed):
        try:
            card = hr.read_card(signed, self.roster, hr.now_us())
        except Bad as error:
            say("refused_card", code=error.code)
            return
        if card.member == self.keys.id and self.has_card:
            return
        if card.member not in self.cards or card.serial > self.cards[card.member].serial:
            self.cards[card.member], self.signed_cards[card.member] = card, signed

    def on_pulse(self, link, pulse):
        say("pulse", relay=link.relay, echoed=pulse.echo_us > 0)

    def on_presence(self, link, presence):
        for present in presence.members:
            say("presence", member=present.member, connected=present.connected)

    def on_pending(self, link, pending):
        say("pending", sender=pending.sender, count=pending.count)

    def on_goodbye(self, link, goodbye):
        code = session_pb.GoodbyeCode.Code.Name(goodbye.code)
        say("goodbye", relay=link.relay, code=code, reason=goodbye.reason)
        if code == "HELLO_FIRST":
            self.hello(link)
        elif code == "PROTOCOL":
            link.state = "ENDED"

    # ---- what comes in ----

    def on_deliver(self, link, deliver):
        envelope = deliver.envelope
        hash_ = hr.envelope_hash(envelope.header, envelope.body)
        try:
            header = hr.unpack(envelope_pb.EnvelopeHeader, envelope.header)
            hr.check_header(header)
        except Bad as error:
            say("no_envelope", code=error.code)
            return
        try:
            self.check_sender(header, envelope)
            if deliver.recovery:
                self.recover(link, header, deliver, hash_)
            else:
                self.take_in(link, header, envelope, hash_)
        except Bad as error:
            say("unreadable", sender=header.sender, code=error.code)
            self.send_unreadable(link, header.sender, hash_, error.code)

    def check_sender(self, header, envelope):
        if header.sender not in self.roster.members:
            raise Bad("ROSTER_OLDER" if header.roster_version > self.roster.version else "NO_SENDER")
        covered = envelope.header + hr.blake(envelope.body)
        if not self.roster.verifies_member(header.sender, "hotline envelope v1", covered, envelope.signature, hr.now_us()):
            raise Bad("BAD_SIGNATURE")
        gone = self.roster.standing(header.sender, hr.now_us()) == roster_pb.Standing.WITHDRAWN
        if gone and header.sent_at_us > self.roster.message.issued_at_us:
            raise Bad("NO_SENDER")

    def take_in(self, link, header, envelope, hash_):
        name = f"{header.sender}/{header.id.hex()}"
        if name in self.store["seen"]:
            if self.store["seen"][name] != hash_.hex():
                raise Bad("DISPUTED")
            self.send_receipt(self.store["received"][hash_.hex()], only=link)
            return
        mine = [one for one in envelope.grants if one.member == self.keys.id]
        if not mine:
            raise Bad("BAD_GRANT")
        if mine[0].key_id != hr.key_id(hr.public_of(self.encryption_secret)):
            raise Bad("NO_KEY")
        content_key, sequence = hr.open_grant(mine[0], header.sending_key, self.encryption_secret, header.key_commitment)
        content = hr.open_body(envelope.header, header, envelope.body, content_key)
        case = f"{header.case_name.opener}/{header.status}/{header.case_name.case_id.hex()}"
        self.store["seen"][name] = hash_.hex()
        received = {"sender": header.sender, "hash": hash_.hex(), "case": case, "revision": header.revision, "state": STATES.DELIVERED,
                    "at_us": hr.now_us(), "late": hr.now_us() > header.expires_at_us, "reference": self.reference_in(content)}
        self.store["received"][hash_.hex()] = received
        self.send_receipt(received)
        self.meet_photos(header, received, content)
        act = envelope_pb.Act.Code.Name(header.act) if header.HasField("act") else "REPLY"
        say("received", relay=link.relay, sender=header.sender, act=act, status=envelope_pb.Status.Code.Name(header.status),
            reference=received["reference"], sequence=sequence, name=content.alert.child.given_name, text=content.reply.text,
            outcome=case_pb.Outcome.Code.Name(content.closing.outcome) if content.HasField("closing") else "")

    @staticmethod
    def reference_in(content):
        return getattr(content, content.WhichOneof("content")).reference

    def recover(self, link, header, deliver, hash_):
        """Our own, handed back: opened with the recovery key, and who was granted."""
        content_key, _ = hr.open_grant(deliver.envelope.self_grant, header.sending_key, self.keys.recovery_secret, header.key_commitment)
        content = hr.open_body(deliver.envelope.header, header, deliver.envelope.body, content_key)
        item = self.store["own"].setdefault(hash_.hex(), self.own_item(header, deliver.envelope, content_key, content))
        item["ladder"].update({member: item["ladder"].get(member, 0) for member in deliver.granted})
        item["relays"].append(link.relay)
        self.store["number"] = max(self.store["number"], int(item["reference"].rsplit("-", 1)[1]))
        self.store.commit()
        link.send(session_pb.Taken(names=[hash_[:16]]))
        say("recovered", reference=item["reference"], granted=list(deliver.granted))

    # ---- what is owed to relays: receipts and Unreadables, until each has taken them ----

    def owe(self, kind, signed, name, only=None):
        for link in [only] if only else self.links:
            self.store["owed"].setdefault(link.relay, {})[name.hex()] = [kind, hr.pack(signed).hex()]
        self.store.commit()
        for link in [only] if only else self.links:
            self.send_owed(link, name.hex())

    def send_owed(self, link, name=None):
        for key, (kind, data) in self.store["owed"].get(link.relay, {}).items():
            if link.state != "READY" or name not in (None, key):
                continue
            if kind == "receipts":
                link.send(session_pb.Receipts(receipts=hr.unpack(envelope_pb.SignedReceipts, bytes.fromhex(data))))
            else:
                link.send(session_pb.Unreadables(unreadable=hr.unpack(envelope_pb.SignedUnreadable, bytes.fromhex(data))))

    def send_receipt(self, received, only=None, at_us=None):
        receipt = envelope_pb.Receipt(envelope_hash=bytes.fromhex(received["hash"]), state=received["state"], at_us=at_us or received["at_us"])
        if received.get("photos"):
            receipt.photos = received["photos"]
        if received["late"]:
            receipt.late = True
        signed = hr.signed_receipts(self.keys, self.roster, received["sender"], [receipt], hr.now_us())
        self.owe("receipts", signed, hr.answer_name(signed.batch), only)

    def send_unreadable(self, link, sender, hash_, code):
        data = hr.pack(envelope_pb.Unreadable(recipient=self.keys.id, sender=sender, envelope_hash=hash_, at_us=hr.now_us(),
                                              code=envelope_pb.UnreadableCode.Code.Value(code)))
        signature = hr.sign(self.keys.identity_secret, "hotline unreadable v1", data)
        signed = envelope_pb.SignedUnreadable(unreadable=data, signature=signature)
        if self.has_card:
            signed.card.CopyFrom(self.signed_cards[self.keys.id])
        self.owe("unreadable", signed, hr.answer_name(data), link)

    def on_taken(self, link, taken):
        owed = self.store["owed"].get(link.relay, {})
        for name in taken.names:
            self.on_blob_taken(link, name)
            if owed.pop(name.hex(), None):
                say("taken", relay=link.relay, left=len(owed))
        self.store.commit()

    # ---- what others answer ----

    def on_receipts(self, link, receipts):
        signed = receipts.receipts
        batch = hr.unpack(envelope_pb.ReceiptBatch, signed.batch)
        if batch.sender != self.keys.id or not self.roster.verifies_member(batch.recipient, "hotline receipts v1", signed.batch,
                                                                           signed.signature, hr.now_us()):
            say("refused_receipts", recipient=batch.recipient)
            return
        for receipt in batch.receipts:
            item = self.store["own"].get(receipt.envelope_hash.hex())
            if item and self.may_follow(item["ladder"].get(batch.recipient, 0), receipt.state):
                item["ladder"][batch.recipient] = receipt.state
                say("receipt", reference=item["reference"], recipient=batch.recipient, revision=item["revision"],
                    state=STATES.Code.Name(receipt.state))
            if item and receipt.photos:
                say("photo_receipt", reference=item["reference"], recipient=batch.recipient, photos=receipt.photos)
        self.store.commit()
        link.send(session_pb.Taken(names=[hr.answer_name(signed.batch)]))

    @staticmethod
    def may_follow(before, after):
        return after > before or (before, after) == (STATES.DECLINED, STATES.ACKNOWLEDGED)

    def on_unreadables(self, link, unreadables):
        signed = unreadables.unreadable
        said = hr.unpack(envelope_pb.Unreadable, signed.unreadable)
        if not self.roster.verifies_member(said.recipient, "hotline unreadable v1", signed.unreadable, signed.signature, hr.now_us()):
            return
        say("cannot_read", recipient=said.recipient, code=envelope_pb.UnreadableCode.Code.Name(said.code))
        link.send(session_pb.Taken(names=[hr.answer_name(signed.unreadable)]))
        item = self.store["own"].get(said.envelope_hash.hex())
        if item and signed.HasField("card"):
            self.take_card(signed.card)
            self.answer_wanted(link, item, [said.recipient])

    def on_accepted(self, link, accepted):
        signed = accepted.accepted
        batch = hr.unpack(envelope_pb.AcceptedBatch, signed.batch)
        relay = self.roster.relays.get(batch.relay)
        if relay is None or batch.sender != self.keys.id or not hr.verifies(relay.identity_key, "hotline accepted v1", signed.batch, signed.signature):
            say("refused_accepted", relay=batch.relay)
            return
        for one in batch.acceptances:
            item = self.store["own"].get(one.envelope_hash.hex())
            if item and link.relay not in item["relays"]:
                item["relays"].append(link.relay)
            say("accepted", relay=batch.relay, reference=item["reference"] if item else "", granted=list(one.granted), wanted=list(one.wanted),
                left_out={left.member: left.why for left in one.left_out}, unreached=list(one.unreached), present=list(one.present))
        self.store.commit()

    def on_refused(self, link, refused):
        say("refused", relay=link.relay, code=session_pb.RefusedCode.Code.Name(refused.code), reason=refused.reason,
            hash=refused.envelope_hash.hex())

    def on_grantwanted(self, link, wanted):
        for signed in wanted.cards:
            self.take_card(signed)
        item = self.store["own"].get(wanted.envelope_hash.hex())
        if item is None:
            return
        self.answer_wanted(link, item, [hr.unpack(roster_pb.Card, signed.card).member for signed in wanted.cards])

    def answer_wanted(self, link, item, members):
        """The rule once more; one grant per recipient and key, made once."""
        header = hr.unpack(envelope_pb.EnvelopeHeader, self.envelope_of(item).header)
        reached = hr.routed(self.roster, self.cards, self.keys.id, header.route, item["ladder"], hr.now_us())
        granted = [self.grant_for(item, header, member) for member in members if member in reached]
        self.store.commit()
        link.send(session_pb.Grants(envelope_hash=bytes.fromhex(item["hash"]), grants=sorted(granted, key=lambda one: one.member),
                                    not_routed=sorted(set(members) - reached)))
        say("granted", reference=item["reference"], members=[one.member for one in granted])

    def on_lacking(self, link, lacking):
        for item in self.current().values():
            if bytes.fromhex(item["id"]) in lacking.ids:
                link.send(session_pb.Publish(envelope=self.envelope_of(item)))

    def on_gap(self, link, gap):
        """Each missing number of ours: sent again, or void."""
        answer = session_pb.GapAnswer(recipient=gap.recipient, sender=gap.sender, store_id=gap.store_id)
        ours = gap.store_id.hex() == self.store["store_id"]
        for number in gap.missing:
            found = [item for item in self.current().values() if ours and item["numbers"].get(gap.recipient) == number]
            if found:
                link.send(session_pb.Publish(envelope=self.envelope_of(found[0])))
                answer.envelope_ids.append(bytes.fromhex(found[0]["id"]))
            else:
                answer.voided.append(number)
        hr.sign_gap_answer(answer, self.keys)
        link.send(answer)
        say("gap", recipient=gap.recipient, missing=list(gap.missing))

    def on_gapanswer(self, link, answer):
        if not hr.is_gap_answer(answer, self.roster):
            raise Bad("BAD_SIGNATURE", "GapAnswer")
        say("gap_answer", sender=answer.sender, voided=list(answer.voided))

    # ---- what is our own ----

    def current(self):
        """Newest revision of each unexpired case, and other unexpired envelopes that somebody has not answered: by hash."""
        newest, now = {}, hr.now_us()
        for item in self.store["own"].values():
            if item["expires_at_us"] <= now:
                continue
            if item["revision"] == 0:
                if not item["ladder"] or min(item["ladder"].values()) == 0:
                    newest[item["hash"]] = item
                continue
            order = (item["revision"], item["sent_at_us"], item["hash"])
            if item["case"] not in newest or order > newest[item["case"]][1]:
                newest[item["case"]] = (item, order)
        items = [one[0] if isinstance(one, tuple) else one for one in newest.values()]
        return {item["hash"]: item for item in items}

    @staticmethod
    def envelope_of(item):
        return hr.unpack(envelope_pb.Envelope, bytes.fromhex(item["envelope"]))

    def own_item(self, header, envelope, content_key, content):
        hash_ = hr.envelope_hash(envelope.header, envelope.body).hex()
        return {"hash": hash_, "id": header.id.hex(), "case": f"{header.status}/{header.case_name.case_id.hex()}", "revision": header.revision,
                "sent_at_us": header.sent_at_us, "expires_at_us": header.expires_at_us, "content_key": content_key.hex(), "relays": [],
                "envelope": hr.pack(envelope).hex(), "ladder": {}, "numbers": {}, "reference": self.reference_in(content)}

    def grant_for(self, item, header, member):
        envelope = self.envelope_of(item)
        key = self.cards[member].encryption_key
        for one in envelope.grants:
            if one.member == member and one.key_id == hr.key_id(key):
                return one
        number = self.number_for(item, member)
        made = hr.grant(bytes.fromhex(item["content_key"]), number, self.keys.sending_secret(header.sent_at_us), member, key)
        grants = sorted([one for one in envelope.grants if one.member != member] + [made], key=lambda one: one.member)
        del envelope.grants[:]
        envelope.grants.extend(grants)
        item["envelope"] = hr.pack(envelope).hex()
        item["ladder"].setdefault(member, 0)
        return made

    def number_for(self, item, member):
        """All revisions of a case carry its first number; everything else counts on."""
        same = [one["numbers"][member] for one in self.store["own"].values() if one["case"] == item["case"] and member in one["numbers"]]
        if item["revision"] and same:
            item["numbers"][member] = same[0]
        else:
            item["numbers"][member] = self.store["sequences"][member] = self.store["sequences"].get(member, 0) + 1
        return item["numbers"][member]

    def header_for(self, kind, case_name, route, **fields):
        at_us = hr.now_us()
        return envelope_pb.EnvelopeHeader(
            id=hr.uuid7(at_us), sender=self.keys.id, store_id=bytes.fromhex(self.store["store_id"]), kind=kind, case_name=case_name,
            route=route, urgency=envelope_pb.Urgency.IMMEDIATE, sent_at_us=at_us, roster_version=self.roster.version,
            roster_hash=self.roster.hash, **{"status": envelope_pb.Status.ACTUAL, "expires_at_us": at_us + 3 * hr.DAY_US, **fields})

    def prepare(self, header, content, forget, granted_before):
        """Sealed, with the self grant and a grant for each whom the rule reaches."""
        content_key = os.urandom(32)
        envelope = hr.seal(self.keys, header, content, content_key)
        secret = self.keys.sending_secret(header.sent_at_us)
        envelope.self_grant.CopyFrom(hr.grant(content_key, 0, secret, self.keys.id, self.keys.recovery))
        item = self.own_item(header, envelope, content_key, content)
        self.store["own"][item["hash"]] = item
        reached = hr.routed(self.roster, self.cards, self.keys.id, header.route, granted_before, hr.now_us())
        for member in sorted(reached - set(forget)):
            if member in self.cards:
                self.grant_for(item, header, member)
        return item

    def publish(self, header, content, forget=(), granted_before=()):
        """Seal, grant, commit, and only then send."""
        item = self.prepare(header, content, forget, granted_before)
        self.store.commit()
        for link in self.links:
            if link.state == "READY":
                link.send(session_pb.Publish(envelope=self.envelope_of(item)))
        say("published", reference=item["reference"], hash=item["hash"], granted=sorted(item["numbers"]))
        return item

    # ---- commands ----

    def do_open(self, name, to, exercise=False, forget=(), skip=(), photo=None):
        """forget: members that get no grant now; skip: members whose next number is left out, as if a case had been withheld;
        photo: {file, thumbnail, width, height}."""
        self.store["number"] += 1
        for member in skip:
            self.store["sequences"][member] = self.store["sequences"].get(member, 0) + 1
        status = envelope_pb.Status.EXERCISE if exercise else envelope_pb.Status.ACTUAL
        reference = f"{self.keys.country}-{time.gmtime().tm_year}-{self.store['number']:05d}"
        case_id = os.urandom(16)
        header = self.header_for(envelope_pb.Kind.CASE, envelope_pb.CaseName(opener=self.keys.id, case_id=case_id),
                                 envelope_pb.Route(countries=to), revision=1, act=envelope_pb.Act.OPEN, status=status)
        content = case_pb.EnvelopeBody(alert=case_pb.Case(
            case_id=case_id, reference=reference, revision=1, status=status, opened_at=header.sent_at_us, valid_until=header.expires_at_us,
            category=case_pb.Category.RUNAWAY, urgency=header.urgency, likely_countries=to, codes_version=1,
            child=case_pb.Description(given_name=name, age_years=11, languages=["de"]),
            last_seen=case_pb.LastSeen(country=self.keys.country, at=header.sent_at_us),
            police=case_pb.Police(informed=True), publicity=case_pb.Publicity(level=case_pb.PublicityLevel.NONE),
            contact=case_pb.Contact(phone="+43115550000")))
        if photo:
            self.attach(header, content.alert, **photo)
        self.publish(header, content, forget)

    def find_own(self, reference):
        return max((item for item in self.store["own"].values() if item["reference"] == reference), key=lambda item: item["revision"])

    def do_close(self, reference, outcome="FOUND_SAFE"):
        item = self.find_own(reference)
        old = hr.unpack(envelope_pb.EnvelopeHeader, self.envelope_of(item).header)
        header = self.header_for(envelope_pb.Kind.CASE, old.case_name, old.route, revision=old.revision + 1, act=envelope_pb.Act.CLOSE,
                                 status=old.status, expires_at_us=max(old.expires_at_us, hr.now_us() + hr.DAY_US))
        content = case_pb.EnvelopeBody(closing=case_pb.Closing(
            case_id=old.case_name.case_id, reference=reference, revision=header.revision, outcome=case_pb.Outcome.Code.Value(outcome),
            replaces=case_pb.Replaces(revision=old.revision, envelope_hash=bytes.fromhex(item["hash"])), closed_at=header.sent_at_us))
        self.publish(header, content, granted_before=set(item["ladder"]))

    def find_received(self, reference):
        return [one for one in self.store["received"].values() if one["reference"] == reference and one["revision"]][-1]

    def do_acknowledge(self, reference, state="ACKNOWLEDGED"):
        received = self.find_received(reference)
        received.update(state=STATES.Code.Value(state), at_us=hr.now_us())
        self.send_receipt(received)

    def do_reply(self, reference, text):
        opener, status, case_id = self.find_received(reference)["case"].split("/")
        header = self.header_for(envelope_pb.Kind.REPLY, envelope_pb.CaseName(opener=opener, case_id=bytes.fromhex(case_id)),
                                 envelope_pb.Route(members=[opener]), status=int(status))
        content = case_pb.EnvelopeBody(reply=case_pb.Reply(kind=case_pb.ReplyKind.MESSAGE, text=text, reference=reference,
                                                           written_at=header.sent_at_us))
        self.publish(header, content)

    def do_hello(self, relay):
        self.hello(next(link for link in self.links if link.relay == relay))

    def do_stop(self):
        for link in self.links:
            if link.state == "READY":
                link.send(session_pb.Goodbye(code=session_pb.GoodbyeCode.STOPPING))
            link.socket.close()
        self.context.term()
        say("stopped")
        sys.exit(0)

    # ---- the loop ----

    def hear(self, link):
        data = link.socket.recv()
        for message in hr.unframe(data):
            name = type(message).__name__
            handler = getattr(self, "on_" + name.lower())
            if link.state == "GREETING" and name not in ("Welcome", "Rosters", "Goodbye"):
                continue
            handler(link, message)

    def tick(self):
        now = time.monotonic()
        for link in self.links:
            if link.state == "GREETING" and now - link.hello_at > HELLO_AGAIN_S:
                self.hello(link)
            if link.state == "READY" and now - link.pulse_at > PULSE_S:
                link.pulse_at = now
                link.send(session_pb.Pulse(clock_us=hr.now_us(), outbox=0))
                self.send_owed(link)
        if not self.has_card and (len(self.serials_heard) == len(self.links) or now - self.started > CARD_WAIT_S):
            self.make_card()

    def command(self, line):
        words = json.loads(line)
        getattr(self, "do_" + words.pop("do"))(**words)

    def run(self):
        poller = zmq.Poller()
        for link in self.links:
            poller.register(link.socket, zmq.POLLIN)
        poller.register(sys.stdin, zmq.POLLIN)
        rest = b""
        while True:
            ready = dict(poller.poll(200))
            for link in self.links:
                if link.socket in ready:
                    self.hear(link)
            if sys.stdin.fileno() in ready and select.select([sys.stdin], [], [], 0)[0]:
                chunk = os.read(sys.stdin.fileno(), 65536)
                if not chunk:
                    self.do_stop()
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self.command(line)
            self.tick()


def main(kind):
    arguments = argparse.ArgumentParser()
    for option in ("--key", "--authority", "--roster", "--store"):
        arguments.add_argument(option, required=True)
    arguments.add_argument("--subscribe", default="")
    kind(arguments.parse_args()).run()


if __name__ == "__main__":
    main(Node)

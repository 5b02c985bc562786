"""Attached files, written from docs/protocol.md: sealing, opening, cutting; and the part of a node that gives and fetches them."""
import os
import pathlib
import struct

import stranger as hr
from stranger import Bad, case_pb, envelope_pb, session_pb

stream = hr.sodium
PIECE, EXTRA, HEADER, LARGEST, AT_ONCE = 65536, 17, 24, 4194304, 2
MESSAGE, FINAL = stream.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE, stream.crypto_secretstream_xchacha20poly1305_TAG_FINAL


def padded_size(size):
    return min(hr.padded_size(size), LARGEST)


def seal(plain):
    """(sealed file, key, name)."""
    whole = plain.ljust(padded_size(len(plain)), b"\0")
    key, state = os.urandom(32), stream.crypto_secretstream_xchacha20poly1305_state()
    sealed = stream.crypto_secretstream_xchacha20poly1305_init_push(state, key)
    for at in range(0, len(whole), PIECE):
        tag = FINAL if at + PIECE >= len(whole) else MESSAGE
        sealed += stream.crypto_secretstream_xchacha20poly1305_push(state, whole[at:at + PIECE], None, tag)
    return sealed, key, hr.blake(sealed)


def cut(sealed):
    """The chunks: the stream's header goes with the first piece."""
    ends = [*range(HEADER + PIECE + EXTRA, len(sealed), PIECE + EXTRA), len(sealed)]
    return [sealed[start:end] for start, end in zip([0, *ends], ends)]


def count_of(sealed_size):
    return -(-(sealed_size - HEADER) // (PIECE + EXTRA))


def chunk_size(sealed_size, number):
    end = min(sealed_size, HEADER + (number + 1) * (PIECE + EXTRA))
    return end - (HEADER + number * (PIECE + EXTRA) if number else 0)


def open_file(sealed, name, key, size):
    """The file, when it has its name, every piece opens in its place, and the last one says that it is the last."""
    if hr.blake(sealed) != name:
        raise Bad("CORRUPT", "another name")
    state, plain = stream.crypto_secretstream_xchacha20poly1305_state(), b""
    try:
        stream.crypto_secretstream_xchacha20poly1305_init_pull(state, sealed[:HEADER], key)
        starts = range(HEADER, len(sealed), PIECE + EXTRA)
        for at in starts:
            piece, tag = stream.crypto_secretstream_xchacha20poly1305_pull(state, sealed[at:at + PIECE + EXTRA])
            if tag != (FINAL if at == starts[-1] else MESSAGE):
                raise Bad("CORRUPT", "ends in the wrong place")
            plain += piece
    except (RuntimeError, hr.CryptoError, ValueError, TypeError):
        raise Bad("CORRUPT", "does not open") from None
    if len(plain) != padded_size(size) or any(plain[size:]):
        raise Bad("CORRUPT", "not padded as its size asks")
    return plain[:size]


def taken_name(name, number):
    return hr.blake(name + struct.pack("<I", number))[:16]


class Photos:
    """What a node does with attached files. Mixed into Node; everything that it holds is in the store under "blobs"."""

    def begin_photos(self):
        self.puts, self.fetching = {}, {}

    # ---- our own, up ----

    def attach(self, header, alert, file, thumbnail, width, height):
        """Seals a JPEG for a case that is about to be sealed: named in the body with its key, in the header with its size."""
        plain = pathlib.Path(file).read_bytes()
        sealed, key, name = seal(plain)
        alert.photos.append(case_pb.Attachment(name=name, key=key, size_bytes=len(plain), mime_type="image/jpeg", width_px=width,
                                               height_px=height, thumbnail=pathlib.Path(thumbnail).read_bytes()))
        header.blobs.append(envelope_pb.BlobName(name=name, size_bytes=len(sealed)))
        self.store["blobs"][name.hex()] = sealed.hex()

    def on_blobwant(self, link, want):
        chunks = cut(bytes.fromhex(self.store["blobs"].get(want.name.hex(), "")))
        for number in range(want.from_chunk, min(want.from_chunk + want.count, len(chunks))):
            link.send(session_pb.BlobPut(name=want.name, chunk=number, chunks=len(chunks), data=chunks[number]))
            self.puts[taken_name(want.name, number)] = (number, len(chunks))
        self.say("blob_wanted", relay=link.relay, first=want.from_chunk, count=want.count, chunks=len(chunks))

    def on_blob_taken(self, link, name):
        if name in self.puts:
            number, chunks = self.puts[name]
            self.say("blob_taken", relay=link.relay, chunk=number, chunks=chunks)

    # ---- of others, down ----

    def meet_photos(self, header, received, content):
        """Photos that the header names too: nothing else can be had."""
        sizes = {one.name: one.size_bytes for one in header.blobs}
        for photo in content.alert.photos:
            if photo.name in sizes and photo.name.hex() not in self.store["blobs"]:
                self.fetching[photo.name] = {"size": sizes[photo.name], "photo": photo, "got": b"", "next": 0, "asked": 0,
                                             "received": received["hash"], "links": []}
                self.want_blob(photo.name)

    def want_blob(self, name):
        """The next chunks, of a relay that has not said that it has none."""
        one = self.fetching[name]
        if not one["links"]:
            one["links"] = [link for link in self.links if link.state == "READY"]
        if one["links"]:
            left = count_of(one["size"]) - one["next"]
            one["asked"] = one["next"] + min(left, AT_ONCE)
            one["links"][0].send(session_pb.BlobWant(name=name, from_chunk=one["next"], count=min(left, AT_ONCE)))

    def on_blobchunk(self, link, chunk):
        one = self.fetching.get(chunk.name)
        if one is None or not one["links"] or link is not one["links"][0]:
            return
        count = count_of(one["size"])
        good = (chunk.chunk, chunk.chunks, len(chunk.data)) == (one["next"], count, chunk_size(one["size"], one["next"]))
        if chunk.gone or not good:
            one["links"].pop(0)
            self.want_blob(chunk.name)
            return
        one["got"], one["next"] = one["got"] + chunk.data, one["next"] + 1
        if one["next"] == count:
            self.whole_blob(link, chunk.name)
        elif one["next"] == one["asked"]:
            self.want_blob(chunk.name)

    def whole_blob(self, link, name):
        one = self.fetching.pop(name)
        try:
            plain = open_file(one["got"], name, one["photo"].key, one["photo"].size_bytes)
        except Bad as error:
            self.say("refused_photo", relay=link.relay, why=str(error))
            return
        self.store["blobs"][name.hex()] = one["got"].hex()
        received = self.store["received"][one["received"]]
        received["photos"] = received.get("photos", 0) + 1
        self.send_receipt(received, at_us=hr.now_us())
        path = f"photo-{name.hex()[:8]}.jpg"
        pathlib.Path(path).write_bytes(plain)
        self.say("photo", relay=link.relay, reference=received["reference"], file=path, chunks=count_of(one["size"]), photos=received["photos"])

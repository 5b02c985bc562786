#!/usr/bin/python3
"""A relay that takes part and serves nobody: to each Hello it answers with a Welcome that names the roster in a file, which may change
while it runs, and it asks for Hello again and again. For tests of who notices old and other rosters.

usage: liar.py --key FILE --listen tcp://HOST:PORT --says SIGNED_ROSTER
"""
import argparse
import pathlib
import sys
import time

sys.dont_write_bytecode = True
import zmq
from zmq.utils import z85
import stranger as hr
from stranger import Bad, roster_pb, session_pb

AGAIN_S = 0.5


def welcome(keys, path):
    signed = hr.unpack(roster_pb.SignedRoster, path.read_bytes())
    name = session_pb.RosterName(version=hr.unpack(roster_pb.Roster, signed.roster).version, hash=hr.blake(signed.roster))
    return session_pb.Welcome(protocol=1, relay=keys.id, clock_us=hr.now_us(), roster=name, credit_messages=64, credit_bytes=1 << 22,
                              message_bytes=262144, held_count=0, held_xor=bytes(32), own_card_serial=0, software="liar")


def main():
    parser = argparse.ArgumentParser()
    for name in ("key", "listen", "says"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    keys, says = hr.read_key_file(options.key), pathlib.Path(options.says)
    socket = zmq.Context().socket(zmq.ROUTER)
    socket.curve_server = True
    socket.curve_secretkey, socket.curve_publickey = z85.encode(keys.transport_secret), z85.encode(keys.transport)
    socket.bind(options.listen)
    peers, again_at = set(), time.monotonic()
    while True:
        if socket.poll(100):
            peer, data = socket.recv_multipart()[:2]
            try:
                greeted = any(isinstance(message, session_pb.Hello) for message in hr.unframe(data))
            except Bad:
                greeted = False
            if greeted:
                peers.add(peer)
                socket.send_multipart([peer, hr.frame(welcome(keys, says))])
        if time.monotonic() > again_at + AGAIN_S:
            again_at = time.monotonic()
            for peer in peers:
                socket.send_multipart([peer, hr.frame(session_pb.Goodbye(code=session_pb.GoodbyeCode.HELLO_FIRST))])


if __name__ == "__main__":
    main()

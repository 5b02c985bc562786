#!/usr/bin/env python3
"""A bad line between nodes and relays. usage: proxy.py MODE-FILE LISTEN:TO...

The first line of MODE-FILE says what happens, and is read again for each piece and each connection:
  pass             as it comes
  delay MS         each piece is held back so long
  rate BYTES       so many bytes a second
  half             what the relay says is swallowed: the node speaks, and hears nothing
  silent           nothing goes either way, and nothing is closed
  cut N [SIDE]     a connection ends after N bytes, once each time the line is written; then as pass
  flip N [SIDE]    the byte at N of a connection comes with another bit, once; then as pass
  twice N [SIDE]   the piece that holds the byte N comes twice, once; then as pass
SIDE: whose bytes are counted, those of the node (unless told) or of the relay.
Each change ends the connections that are there. MODE-FILE.done counts what was cut, flipped or doubled.
"""
import os
import selectors
import socket
import sys
import threading
import time

mode_file, *lines = sys.argv[1:]
lock = threading.Lock()
state = {"mtime": 0, "words": ["pass"], "spent": False, "done": 0, "turn": 0}


def mode():
    """(words, turn): a new turn with each change of the file."""
    with lock:
        try:
            changed = os.stat(mode_file).st_mtime_ns
            if changed != state["mtime"]:
                words = open(mode_file).read().split() or ["pass"]
                state.update(mtime=changed, words=words, spent=False, turn=state["turn"] + 1)
        except FileNotFoundError:
            pass
        return state["words"], state["turn"]


def spend():
    """True for the one connection that it happens to."""
    with lock:
        if state["spent"]:
            return False
        state["spent"] = True
        state["done"] += 1
        with open(mode_file + ".new", "w") as out:
            print(state["done"], file=out)
        os.rename(mode_file + ".new", mode_file + ".done")
        return True


def carry(node, relay):
    passed = {node: 0, relay: 0}
    began = mode()[1]
    choose = selectors.DefaultSelector()
    for one in (node, relay):
        choose.register(one, selectors.EVENT_READ)
    while mode()[1] == began:
        for key, _ in choose.select(0.05):
            source = key.fileobj
            target = relay if source is node else node
            words, _ = mode()
            kind, number = words[0], int(words[1]) if words[1:] else 0
            piece = bytearray(source.recv(min(4096, max(1, number // 20)) if kind == "rate" else 4096))
            if not piece:
                return
            start, passed[source] = passed[source], passed[source] + len(piece)
            side = relay if words[2:] == ["relay"] else node
            here = source is side and start <= number < passed[source]
            if kind == "delay":
                time.sleep(number / 1000)
            elif kind == "rate":
                time.sleep(len(piece) / number)
            elif kind == "silent" or (kind == "half" and source is relay):
                continue
            elif kind == "cut" and here and spend():
                target.sendall(piece[:number - start])
                return
            elif kind == "flip" and here and spend():
                piece[number - start] ^= 1 << (number % 8)
            elif kind == "twice" and here and spend():
                target.sendall(piece)
            target.sendall(piece)


def serve(node, port):
    try:
        with node, socket.create_connection(("127.0.0.1", port), timeout=2) as relay:
            relay.settimeout(30)
            node.settimeout(30)
            carry(node, relay)
    except OSError:
        pass


def listen(here, there):
    with socket.create_server(("127.0.0.1", here), backlog=64) as door:
        while True:
            node, _ = door.accept()
            threading.Thread(target=serve, args=(node, there), daemon=True).start()


for line in lines:
    threading.Thread(target=listen, args=tuple(map(int, line.split(":"))), daemon=True).start()
while True:
    time.sleep(3600)

"""Where a small node lives: its store, a file replaced whole, and its connection to each relay."""
import json
import os
import pathlib

import zmq

import stranger as hr


class Store:
    """Everything that must outlive the process, in one file that is replaced whole."""

    def __init__(self, path):
        self.path, self.is_new = pathlib.Path(path), not pathlib.Path(path).exists()
        self.data = {"store_id": os.urandom(16).hex(), "encryption": os.urandom(32).hex(), "serial": 0, "subscriptions": None,
                     "number": 0, "sequences": {}, "seen": {}, "received": {}, "own": {}, "owed": {}, "blobs": {}}
        if not self.is_new:
            self.data = json.loads(self.path.read_text())

    def commit(self):
        fresh = self.path.with_suffix(".new")
        with open(fresh, "w") as file:
            json.dump(self.data, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)

    def __getitem__(self, name):
        return self.data[name]

    def __setitem__(self, name, value):
        self.data[name] = value


class Link:
    """One relay: a DEALER with CURVE, and where the conversation stands."""

    def __init__(self, context, keys, relay):
        self.relay, self.state, self.hello_at, self.pulse_at = relay.id, "GREETING", 0.0, 0.0
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 500)
        self.socket.setsockopt(zmq.CURVE_SERVERKEY, relay.transport_key)
        self.socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.transport)
        self.socket.setsockopt(zmq.CURVE_SECRETKEY, keys.transport_secret)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 100)
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
        self.socket.setsockopt(zmq.HEARTBEAT_IVL, 5000)
        self.socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 15000)
        self.socket.connect(relay.endpoints[0])

    def send(self, *messages):
        self.socket.send(b"".join(hr.frame(message) for message in messages), zmq.NOBLOCK)

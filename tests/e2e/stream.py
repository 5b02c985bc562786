#!/usr/bin/env python3
"""Reads a node's event stream as a browser or a program does; for the end-to-end scripts.

usage: stream.py PORT|SOCKET [--jar FILE] [--token TOKEN] [--after ID] [--until TYPE] [--count N] [--host HOST]
Prints one line per event: "ID TYPE DATA" (ID is - when it has none), heartbeats too; "STATUS 401" when it is refused, and
"END" when the node ends it. With --until or --count it leaves by itself after that event, or so many but heartbeats.
"""
import argparse
import http.client
import json
import os
import pathlib
import socket
import sys

parser = argparse.ArgumentParser()
parser.add_argument("where")
parser.add_argument("--jar")
parser.add_argument("--token")
parser.add_argument("--after")
parser.add_argument("--until")
parser.add_argument("--count", type=int)
parser.add_argument("--host")
arguments = parser.parse_args()

if os.path.exists(arguments.where):
    line = http.client.HTTPConnection("localhost", timeout=60)
    line.sock = socket.socket(socket.AF_UNIX)
    line.sock.settimeout(60)
    line.sock.connect(arguments.where)
else:
    line = http.client.HTTPConnection("127.0.0.1", int(arguments.where), timeout=60)
headers = {"Host": arguments.host} if arguments.host else {}
if arguments.jar:
    headers["Cookie"] = json.loads(pathlib.Path(arguments.jar).read_text())["cookie"]
if arguments.token:
    headers["Authorization"] = "Bearer " + arguments.token
if arguments.after:
    headers["Last-Event-ID"] = arguments.after
line.request("GET", "/v1/events", headers=headers)
answer = line.getresponse()
if answer.status != 200:
    print("STATUS", answer.status, flush=True)
    sys.exit(1)
print("OPEN", flush=True)
event, left = {}, arguments.count
try:
    for raw in answer:
        text = raw.decode().rstrip("\n")
        if text:
            name, _, value = text.partition(": ")
            event[name] = value
            continue
        if "event" in event:
            print(event.get("id", "-"), event["event"], event["data"], flush=True)
            if event["event"] == arguments.until:
                sys.exit(0)
            if left is not None and event["event"] != "heartbeat":
                left -= 1
                if left == 0:
                    sys.exit(0)
        event = {}
except (http.client.HTTPException, ConnectionError):
    pass  # the node died
print("END", flush=True)

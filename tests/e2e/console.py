#!/usr/bin/env python3
"""Calls to a node's console as a browser or a program makes them; for the end-to-end scripts.

usage: console.py PORT METHOD PATH [BODY] [--jar FILE] [--csrf] [--token TOKEN] [--header "NAME: VALUE"]... [--host HOST]
Prints the status, then the body. --jar keeps the session's cookie and, from a login, its word for --csrf.
"""
import argparse
import http.client
import json
import pathlib
import sys

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("method")
parser.add_argument("path")
parser.add_argument("body", nargs="?")
parser.add_argument("--jar")
parser.add_argument("--csrf", action="store_true")
parser.add_argument("--token")
parser.add_argument("--header", action="append", default=[])
parser.add_argument("--host")
parser.add_argument("--also", action="append", default=[], metavar="PATH", help="get this too, and print its status on the first line")
parser.add_argument("--headers", action="store_true", help="print the answer's headers too")
arguments = parser.parse_args()

jar = pathlib.Path(arguments.jar) if arguments.jar else None
kept = json.loads(jar.read_text()) if jar and jar.exists() else {}
headers = {"Host": arguments.host or f"127.0.0.1:{arguments.port}"}
if arguments.body is not None:
    headers["Content-Type"] = "application/json"
if "cookie" in kept:
    headers["Cookie"] = kept["cookie"]
if arguments.csrf:
    headers["X-CSRF-Token"] = kept.get("csrf", "")
if arguments.token:
    headers["Authorization"] = "Bearer " + arguments.token
for line in arguments.header:
    name, value = line.split(": ", 1)
    headers[name] = value
line = http.client.HTTPConnection("127.0.0.1", arguments.port, timeout=30)
line.request(arguments.method, arguments.path, arguments.body, headers)
answer = line.getresponse()
text = answer.read().decode(errors="replace")
def status_of(path):
    line.request("GET", path, None, {name: headers[name] for name in headers if name != "Content-Type"})
    more = line.getresponse()
    more.read()
    return more.status


print(answer.status, *[status_of(path) for path in arguments.also])
if arguments.headers:
    print(answer.headers)
print(text)
cookie = answer.headers.get("Set-Cookie")
if jar and cookie:
    kept["cookie"] = cookie.split(";")[0]
    if answer.status == 200:
        kept["csrf"] = json.loads(text)["csrf"]
    jar.write_text(json.dumps(kept))
sys.exit(0)

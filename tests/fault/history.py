#!/usr/bin/env python3
"""What was promised and what came of it: publishes, remembers what was told accepted, and compares afterwards.

usage: history.py publish FOLDER MEMBER COUNT [PACE]    FOLDER/MEMBER.accepted: a line for each case that was told accepted
       history.py settled FOLDER MEMBER                 its inbox is what was accepted for it, once each, in its content
       history.py answered FOLDER MEMBER                every case that it sent is delivered at every recipient
FOLDER/routes: a line for each publisher: MEMBER COUNTRIES RECIPIENT...; FOLDER/case.json; the nodes' sockets are MEMBER.sock.
"""
import collections
import http.client
import json
import socket
import sys
import time
import urllib.parse
import uuid

DONE = {"DELIVERED", "SHOWN", "ACKNOWLEDGED", "ERASED"}


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


def ask(member, method, url, body=None, key=None):
    connection = Unix(f"{folder}/{member}.sock")
    try:
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        connection.request(method, url, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def insist(*request):
    """A call that is cut off is made again, with the same idempotency key."""
    end = time.time() + 120
    while True:
        try:
            status, answer = ask(*request)
            if status < 500 and status != 429:
                return status, answer
        except (OSError, http.client.HTTPException, ValueError):
            pass
        if time.time() > end:
            sys.exit("no answer for two minutes")
        time.sleep(0.05)


def routes():
    found = {}
    for line in open(f"{folder}/routes"):
        sender, countries, *recipients = line.split()
        found[sender] = (countries.split(","), recipients)
    return found


def accepted(sender):
    """[(reference, case id, its words)]"""
    try:
        return [tuple(line.rstrip("\n").split(" ", 2)) for line in open(f"{folder}/{sender}.accepted")]
    except FileNotFoundError:
        return []


def publish(member, count, pace):
    case = json.load(open(f"{folder}/case.json"))
    with open(f"{folder}/{member}.accepted", "a") as told:
        for _ in range(count):
            key = str(uuid.uuid4())
            case["why_urgent"] = "number " + key
            body = {"case": case, "status": "ACTUAL", "to": routes()[member][0], "confirm": case["child"]["given_name"]}
            status, made = insist(member, "POST", "/v1/cases", body, key)
            if status not in (200, 201):
                sys.exit(f"{status} {made}")
            end = time.time() + 90
            while True: # the operator's "accepted": two relays have it on disk
                status, shown = insist(member, "GET", "/v1/cases/" + made["case_id"])
                if status == 200 and shown["accepted_by"] >= 2:
                    print(made["reference"], made["case_id"], case["why_urgent"], file=told, flush=True)
                    break
                if time.time() > end:
                    sys.exit(f"{made['reference']} was not accepted in 90 s: {json.dumps(shown.get('relays'))}")
                time.sleep(0.02)
            time.sleep(pace)


def inbox(member):
    found, cursor = [], ""
    while True:
        status, page = ask(member, "GET", "/v1/cases?box=received" + (cursor and "&cursor=" + urllib.parse.quote(cursor, "")))
        if status != 200:
            sys.exit(f"{member}: {status} {page}")
        found += page["items"]
        cursor = page.get("next_cursor") or ""
        if not cursor:
            return found


def settled(member):
    words = {}
    for sender, (_, recipients) in routes().items():
        if member in recipients:
            words.update({(sender, reference, case): text for reference, case, text in accepted(sender)})
    got = collections.Counter((one["member"], one["reference"], one["case_id"]) for one in inbox(member))
    twice = [one for one, count in got.items() if count > 1]
    lost, extra = set(words) - set(got), set(got) - set(words)
    if twice or lost or extra:
        sys.exit(f"{member}: {len(lost)} lost, {len(twice)} twice, {len(extra)} that nobody was told accepted; first "
                 f"{(sorted(lost) + twice + sorted(extra))[:1]}")
    for (sender, reference, case), text in words.items():
        status, shown = ask(member, "GET", "/v1/cases/" + case)
        if status != 200 or (shown.get("erased_at") is None and shown["case"]["why_urgent"] != text):
            sys.exit(f"{member}: {reference} of {sender} has not the content that was sent")


def answered(member):
    recipients = sorted(routes()[member][1])
    late = []
    for reference, case, _ in accepted(member):
        _, shown = ask(member, "GET", "/v1/cases/" + case)
        ladder = {row["member"]: row["state"] for row in shown["ladder"]}
        if sorted(ladder) != recipients or not set(ladder.values()) <= DONE:
            late.append((reference, ladder))
    if late:
        sys.exit(f"{len(late)} cases without every receipt; first {late[0]}")


what, folder, who, *more = sys.argv[1:]
if what == "publish":
    publish(who, int(more[0]), float(more[1]) if more[1:] else 0)
else:
    {"settled": settled, "answered": answered}[what](who)

#!/usr/bin/env python3
"""Checks the signatures of received webhooks as a receiver would: v1, HMAC-SHA256 of "ID.TIMESTAMP.BODY", and v1a, Ed25519 of the same.

usage: webhook_check.py SECRET PUBLIC-KEY WEB.JSONL PATH      exit 1: one does not verify, is not of now, has members that it must not have
"""
import base64
import hashlib
import hmac
import json
import sys
import time

import ed25519

secret = base64.b64decode(sys.argv[1].removeprefix("whsec_"))
public = base64.b64decode(sys.argv[2].removeprefix("whpk_"))
allowed = {"type", "at", "case", "reference", "urgency", "status", "member", "step"}
lines = [json.loads(line) for line in open(sys.argv[3])]
lines = [line for line in lines if line["path"] == sys.argv[4]]
for line in lines:
    headers, body = line["headers"], line["body"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    code = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    given = headers["webhook-signature"].split(" ")
    if code not in given:
        sys.exit(f"{body}: {given} has no {code}")
    if [ed25519.verify(public, signed, base64.b64decode(one.split(",")[1])) for one in given if one.startswith("v1a,")] != [True]:
        sys.exit(f"{given}: no v1a signature that verifies")
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        sys.exit("not of now")
    if set(json.loads(body)) - allowed:
        sys.exit(f"{body}: has more than it may")
if not lines:
    sys.exit("no webhook came")
print(len(lines), "verified")

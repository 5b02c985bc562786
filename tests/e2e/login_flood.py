#!/usr/bin/env python3
"""A flood of logins from many addresses at a node's console, and who gets in beside it; for the end-to-end scripts.

usage: login_flood.py PORT PID USER PASSWORD SECONDS     PID: the node's; USER: of role operator
Floods at 100 logins a second from 200 addresses of this machine, half of them against USER's name. Beside it USER logs in
with the browser that he logged in with before, and without it from an address that he logged in from before. Prints what
came of it; 0 when both got in each time, all was answered, and the node stayed within its bounds.
"""
import collections
import http.client
import json
import os
import sys
import threading
import time

port, pid, user, password, seconds = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], float(sys.argv[5])
HOME, DEVICE_FROM = "127.0.0.77", "127.0.0.78"
RATE, LANES, ADDRESSES, MEMORY_KB = 100, 80, 200, 700 * 1024 # more lanes than can wait at the node


def login(source, name, word, cookie=None, forwarded=None):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(source, 0))
    headers = {"Content-Type": "application/json"}
    if cookie:
        headers["Cookie"] = cookie
    if forwarded:
        headers["X-Forwarded-For"] = forwarded
    begin = time.monotonic()
    line.request("POST", "/v1/session", json.dumps({"user": name, "password": word}), headers)
    answer = line.getresponse()
    answer.read()
    cookies = [value.split(";")[0] for key, value in answer.getheaders() if key == "Set-Cookie"]
    line.close()
    return answer.status, time.monotonic() - begin, cookies


def cpu_s():
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kb():
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM"))


status, _, cookies = login(HOME, user, password)
device = next((one for one in cookies if one.startswith("hotline_device_")), None)
assert status == 200 and device, (status, [one.split("=")[0] for one in cookies])

seen, lost, stop = collections.Counter(), [], threading.Event()


def flood(lane):
    number, next_at = 0, time.monotonic() + lane / RATE
    stop.wait(lane / RATE)
    while not stop.is_set():
        number += 1
        source = f"127.0.1.{(lane * 37 + number) % ADDRESSES + 1}"
        name = user if number % 2 else f"flood{lane}-{number}"
        try:
            seen[login(source, name, "wrong-wrong-wrong", forwarded=f"192.0.2.{number % 250}")[0]] += 1
        except OSError as error:
            lost.append(repr(error))
        next_at += LANES / RATE
        stop.wait(max(0, next_at - time.monotonic()))


lanes = [threading.Thread(target=flood, args=(lane,)) for lane in range(LANES)]
begin, cpu = time.monotonic(), cpu_s()
[lane.start() for lane in lanes]
time.sleep(1)  # the queue of strangers is full by then; below it is asked whether it was
device_got, home_got = [], []
while time.monotonic() - begin < seconds or len(device_got) < 3:
    device_got.append(login(DEVICE_FROM, user, password, device)[:2])
    home_got.append(login(HOME, user, password)[:2])
    stop.wait(0.3)
stop.set()
[lane.join() for lane in lanes]
took = time.monotonic() - begin
used = (cpu_s() - cpu) / took
print("flood:", dict(seen), "of", round(sum(seen.values()) / took), "a second; lost", lost[:3], "cpu", round(used, 2), "memory", memory_kb() // 1024, "MiB")
print("known device:", device_got)
print("known address:", home_got)
fine = (not lost and set(seen) <= {401, 429} and seen[429] > seen[401]
        and all(got == 200 for got, _ in device_got) and all(got == 200 for got, _ in home_got)
        and used < 1.8 and memory_kb() < MEMORY_KB)
sys.exit(not fine)

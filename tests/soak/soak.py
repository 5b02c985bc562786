#!/usr/bin/env python3
"""Soaks the build in pieces: each goes on from where the last one ended, with fresh seeds, and adds to running totals.

usage: soak.py BUILD FOLDER MINUTES [JOBS]   a piece; FOLDER holds what is done. Ends in time; ended early, it loses what was under way alone
       soak.py --report FOLDER               rewrites the tables of docs/soak.md (a piece does so at its end)
       soak.py --check                       the tables of docs/soak.md agree with each other

What is furthest from its target goes next; what is at it waits for the others. Three lanes: what simulates, what fuzzes, and what mostly waits for processes to start. A failing seed is printed as the line that replays
it, is kept in FOLDER/failures with its output beside it, and stands in docs/soak.md until tests/sim/seeds.txt or a corpus replays it in every test run
(real processes are not replayed: tests/soak/settled says what it was and what was changed).
"""
import fcntl
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys
import threading
import time

top = pathlib.Path(__file__).resolve().parents[2]
document = top / "docs" / "soak.md"
BEGIN, END = "<!-- written by tests/soak/soak.py: from here -->", "<!-- to here -->"
BATCH_LIMIT_S = 900

# name: (what it counts, target, lane, seeds a batch, seconds that a batch takes until one was measured)
KINDS = {
    "days": ("simulated days", 20_000, 0, 10, 30),
    "byzantine": ("Byzantine seeds", 2_000, 0, 5, 20),
    "crash": ("crash images", 100_000, 0, 1, 15),
    "kill": ("kills of real processes", 10_000, 2, 1, 75),
    "malformed": ("malformed messages", 10_000_000, 2, 1, 40),
    "fuzz": ("fuzz executions", 200_000_000, 1, 1, 80),
}

STATEFUL = {"fuzz_api", "fuzz_conf", "fuzz_node", "fuzz_relay", "fuzz_spool", "fuzz_text", "fuzz_vault"}


def command(kind, build, seed, seeds):
    """(what to run, its environment, the line that replays it)"""
    sim = [f"{build}/sim/hotline-sim", "--hours", "24", "--seed", str(seed), "--seeds", str(seeds)]
    if kind == "days":
        return sim, {}, f"make sim SEED={seed} SEEDS={seeds} HOURS=24"
    if kind == "byzantine":
        return sim + ["--scenario", "byz-faults"], {}, f"make sim SCENARIO=byz-faults SEED={seed} SEEDS={seeds} HOURS=24"
    if kind == "crash":
        return [f"{build}/sim/hotline-crash", "3000", str(seed)], {}, f"make crash N=3000 SEED={seed}"
    if kind == "kill":
        return ["tests/fault/kill.sh", build, "60", "40"], {"SEED": str(seed)}, f"SEED={seed} tests/fault/kill.sh BUILD 60 40"
    if kind == "malformed":
        replay = f"SEED={seed} COUNT=200000 tests/e2e/81-malformed.sh BUILD"
        return ["bash", "tests/e2e/81-malformed.sh", build], {"SEED": str(seed), "COUNT": "200000"}, replay
    if seed % 4 == 0:
        return ["tests/fuzz/run.sh", "6"], {}, "make fuzz SECONDS=6"
    return ["tests/fuzz/run.sh", "30", *parsers()], {}, "make fuzz SECONDS=30" # a start reads a corpus of thousands


def parsers():
    """The fuzz targets that parse bytes and keep nothing. Those that open a store run 75 to 500 inputs a second, and have a batch of four to themselves and these."""
    sources = (top / "tests/fuzz").glob("fuzz_*.c")
    return sorted(source.stem.removeprefix("fuzz_") for source in sources if source.stem not in STATEFUL)


COUNTED = {
    "days": r"^\d+ runs, ([\d.]+) simulated days",
    "byzantine": r"^(\d+) runs, ",
    "crash": r"^(\d+) crash images, ",
    "kill": r" cases accepted, (\d+) kills in ",
    "malformed": r"^# (\d+) sent, ",
    "fuzz": r"^fuzz: \d+ targets, (\d+) executions, ",
}


def judge(kind, status, output, replay):
    """(how much it was, the lines that replay its failures)"""
    found = re.search(COUNTED[kind], output, re.M)
    count = round(float(found[1])) if found else 0
    if status == 0 and count > 0:
        return count, []
    if kind == "fuzz":
        lines = re.findall(r"kept as .*", output) or re.findall(r"^FAIL (.*)", output, re.M)
    else:
        lines = [line.removeprefix("FAIL ") for line in re.findall(r"^FAIL make .*", output, re.M)]
    return count, lines or [replay]


def words(*command):
    return subprocess.run(command, cwd=top, capture_output=True, text=True, check=False).stdout.strip()


def commit_now():
    return words("git", "rev-parse", "--short", "HEAD") + ("+" if words("git", "status", "--porcelain", "-uno") else "")


def machine():
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return f"{os.cpu_count()} x {model[1].strip() if model else os.uname().machine}"


# ---- what is done: FOLDER/batches, a line of JSON each; FOLDER/failures ----

def read_batches(folder):
    done = []
    for line in (folder / "batches").read_text().splitlines() if (folder / "batches").exists() else []:
        try:
            done.append(json.loads(line))
        except ValueError:
            continue # the line that a lost power cut short
    return done


def add_line(path, line):
    with open(path, "a") as out:
        out.write(line + "\n")
        out.flush()
        os.fsync(out.fileno())


class Piece:
    def __init__(self, build, folder, minutes, jobs):
        self.build, self.folder = build, folder
        self.deadline = time.monotonic() + 60 * minutes
        self.simulations = max(1, jobs - 1)
        self.commit, self.machine = commit_now(), machine()
        self.lock, self.children, self.stopping = threading.Lock(), set(), False
        self.failures = 0
        self.done, self.next_seed, self.took = {}, {}, {}
        fresh = int(time.time()) * 1000
        for kind, (_, _, _, _, guess) in KINDS.items():
            self.done[kind], self.next_seed[kind], self.took[kind] = 0, fresh, guess
        for batch in read_batches(folder):
            kind = batch["kind"]
            self.done[kind] += batch["count"]
            self.next_seed[kind] = max(self.next_seed[kind], batch["to"] + 1)
        run = rows_of(folder)[0]
        for row in read_document()[1]: # what other folders did counts too
            for kind, (what, *_) in KINDS.items():
                self.done[kind] += int(row[5].replace(",", "")) if row[0] != run and row[3] == what else 0

    def is_reached(self, kind):
        return self.done[kind] >= KINDS[kind][1]

    def take(self, lane):
        """The kind of this lane that is furthest from its target and still fits, and its seeds; a lane that is at its
        targets helps to simulate. None: the time is over, or it and the simulations are at theirs and others are not."""
        with self.lock:
            left = self.deadline - time.monotonic()
            fitting = [k for k in KINDS if KINDS[k][2] in (lane, 0) and 1.2 * self.took[k] < left]
            if self.stopping or not fitting:
                return None
            kind = min(fitting, key=lambda k: (self.is_reached(k), KINDS[k][2] != lane, self.done[k] / KINDS[k][1]))
            if self.is_reached(kind) and not all(map(self.is_reached, KINDS)):
                return None # the machine is for what is not at its target
            seeds = KINDS[kind][3]
            seed = self.next_seed[kind]
            self.next_seed[kind] += seeds
            return kind, seed, seeds

    def run_one(self, kind, seed, seeds):
        argv, environment, replay = command(kind, self.build, seed, seeds)
        began = time.monotonic()
        with self.lock:
            if self.stopping:
                return
            child = subprocess.Popen(argv, cwd=top, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
            self.children.add(child)
        try:
            output = child.communicate(timeout=BATCH_LIMIT_S)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            output = child.communicate()[0].decode(errors="replace") + f"\nnot done after {BATCH_LIMIT_S} s\n"
        with self.lock:
            self.children.discard(child)
            if not self.stopping:
                self.keep(kind, seed, seeds, judge(kind, child.returncode, output, replay), output, time.monotonic() - began)

    def keep(self, kind, seed, seeds, verdict, output, seconds):
        count, lines = verdict
        self.took[kind] = max(seconds, self.took[kind] / 2)
        self.done[kind] += count
        self.failures += len(lines)
        add_line(self.folder / "batches", json.dumps({
            "at": time.strftime("%Y-%m-%d", time.gmtime()), "commit": self.commit, "machine": self.machine, "kind": kind,
            "from": seed, "to": seed + seeds - 1, "count": count, "failures": len(lines), "seconds": round(seconds, 1)}))
        for line in lines:
            print(f"FAIL {line}", flush=True)
            add_line(self.folder / "failures", f"{self.commit} {line}")
        if lines:
            (self.folder / f"failed-{kind}-{seed}.log").write_text(output)

    def work(self, lane):
        while (taken := self.take(lane)) is not None:
            self.run_one(*taken)

    def stop(self, *_):
        """Ended early: what is under way is ended too, and not counted. Scripts end their own daemons on SIGTERM."""
        self.stopping = True # no lock: this may interrupt who holds it
        for child in list(self.children):
            os.killpg(child.pid, signal.SIGTERM)

    def run(self):
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        threads = [threading.Thread(target=self.work, args=(lane,)) for lane in [0] * self.simulations + [1, 2]]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.5) # so that a signal is heard


# ---- the report ----

def row_of(cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def rows_of(folder):
    """This folder's rows: a run is a folder; a row is a run, a commit, a kind."""
    name = folder / "name"
    if not name.exists():
        name.write_text(secrets.token_hex(3))
    run, rows = name.read_text().strip(), {}
    for b in read_batches(folder):
        row = rows.setdefault((b["commit"], b["kind"]), [run, b["at"], b["commit"], KINDS[b["kind"]][0], b["from"], b["to"], 0, 0, 0, b["machine"]])
        row[4], row[5] = min(row[4], b["from"]), max(row[5], b["to"])
        row[6], row[7], row[8] = row[6] + b["count"], row[7] + b["failures"], row[8] + b["seconds"]
    return run, [[*r[:4], "its own" if r[3] == KINDS["fuzz"][0] else f"{r[4]}-{r[5]}", f"{r[6]:,}", r[7], round(r[8]), r[9]] for r in rows.values()]


def read_document():
    """(text before, the rows, the failures, text behind)"""
    before, rest = document.read_text().split(BEGIN)
    written, behind = rest.split(END)
    rows = [[c.strip() for c in line.strip("| ").split(" | ")] for line in written.splitlines() if re.match(r"\| [0-9a-f]{6} \|", line)]
    failures = re.findall(r"^    ([0-9a-f]{7,}\+? .*)$", written, re.M)
    return before, rows, failures, behind


def is_replayed(failure):
    """A seed that every test run replays is no open one, nor one whose cause tests/soak/settled tells."""
    named = re.search(r"SCENARIO=(\S+) SEED=(\d+)", failure)
    kept = re.search(r"kept as (\S+)", failure)
    listed = (top / "tests/sim/seeds.txt").read_text()
    settled = [line.split(" -- ")[0] for line in (top / "tests/soak/settled").read_text().splitlines()]
    return bool(named and re.search(rf"^{named[1]} {named[2]} ", listed, re.M) or kept and (top / kept[1]).exists()
                or failure.split(" ", 1)[1] in settled)


def render(rows, failures):
    reached = {what: sum(int(r[5].replace(",", "")) for r in rows if r[3] == what) for what, *_ in KINDS.values()}
    red = {what: sum(int(r[6]) for r in rows if r[3] == what) for what, *_ in KINDS.values()}
    text = ["", row_of(["what", "target", "reached", "of the target", "failures"]), "|---|---:|---:|---:|---:|"]
    text += [row_of([what, f"{target:,}", f"{reached[what]:,}", f"{100 * reached[what] / target:.1f} %", red[what]]) for what, target, *_ in KINDS.values()]
    text += ["", "Failures that no test run replays yet:" if failures else "No failure is open.", ""]
    text += [f"    {line}" for line in failures] + [""] * bool(failures)
    text += [row_of(["run", "from", "commit", "what", "seeds", "count", "failures", "seconds", "machine"]), "|---|---|---|---|---|---:|---:|---:|---|"]
    text += [row_of(row) for row in rows]
    return "\n".join(text) + "\n\n"


def report(folder):
    before, old, failures, behind = read_document()
    run, mine = rows_of(folder)
    kept = folder / "failures"
    for line in kept.read_text().splitlines() if kept.exists() else []:
        if line.split(" ", 1)[1] not in [known.split(" ", 1)[1] for known in failures]:
            failures.append(line) # one that comes again is the same one
    rows = [row for row in old if row[0] != run] + [[str(cell) for cell in row] for row in mine]
    text = render(rows, [f for f in failures if not is_replayed(f)])
    document.write_text(before + BEGIN + "\n" + text + END + behind)
    print(text.strip())


def check():
    before, rows, failures, behind = read_document()
    if document.read_text() != before + BEGIN + "\n" + render(rows, failures) + END + behind:
        print("docs/soak.md: its sums are not those of its rows: run `make soak-report`")
        return 1
    print("ok lint soak")
    return 0


def main():
    if sys.argv[1:] == ["--check"]:
        return check()
    if len(sys.argv) == 3 and sys.argv[1] == "--report":
        report(pathlib.Path(sys.argv[2]))
        return 0
    if len(sys.argv) not in (4, 5):
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{folder}: another piece is under way there", file=sys.stderr)
            return 2
        os.nice(19)
        piece = Piece(os.path.relpath(sys.argv[1], top), folder, float(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) == 5 else os.cpu_count() or 1)
        piece.run()
        report(folder)
        print(f"{piece.failures} failed")
        return int(piece.failures > 0)


sys.exit(main())

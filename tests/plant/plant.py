#!/usr/bin/env python3
"""Plants the wrong changes of tests/plant/bugs.py one at a time into a copy of the tree and shows that the suite catches each.

usage: plant.py BUILD [NAME...]     BUILD: a finished build of this tree, copied so that each bug costs one file
       plant.py --check             each change still applies, exactly once: a stale one is a failure

A test is the name of a unit test ("test_relay"), "lint:NAME", "e2e:SCRIPT", "fault:SCRIPT ROWS", "crash:IMAGES" or
"threads:UNIT TEST" (under the thread sanitizer). First every one named must pass without any bug, or it would catch
anything. At most two at a time; each in a folder of its own, which goes with it.
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

top = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import bugs # noqa: E402

SECONDS = {"unit": 120, "e2e": 240, "lint": 60, "fault": 200, "make": 400}
lock = threading.Lock()


def check():
    findings, names = [], set()
    for bug in bugs.BUGS:
        text = (top / bug["file"]).read_text() if (top / bug["file"]).exists() else ""
        found = text.count(bug["old"])
        if found != 1:
            findings.append(f"{bug['name']}: what it changes is {found} times in {bug['file']}, not once")
        if bug["new"] == bug["old"] or bug["name"] in names or not bug["tests"]:
            findings.append(f"{bug['name']}: changes nothing, is there twice, or names no test")
        names.add(bug["name"])
    if len(bugs.BUGS) < 25:
        findings.append(f"{len(bugs.BUGS)} bugs; at least 25")
    return findings


def run(command, folder, seconds, **environment):
    try:
        done = subprocess.run(command, cwd=folder, timeout=seconds, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env={**os.environ, **environment}, check=False)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        return 124, "not done in time"


def make(folder, *targets, **settings):
    words = [f"{name}={value}" for name, value in settings.items()]
    return run(["make", "-s", *words, *targets], folder, SECONDS["make"])


def one_test(folder, test):
    """(status, output) of a test in a tree; status None: it was not built."""
    kind, _, rest = test.rpartition(":")
    if kind == "lint":
        return run([f"tests/lint/{rest}"], folder, SECONDS["lint"])
    if kind == "fault":
        script, rows = rest.split(" ", 1)
        status, output = make(folder, "all", FAILPOINTS=1)
        if status:
            return None, output
        return run([f"tests/fault/{script}.sh", "build-fail"], folder, SECONDS["fault"], ROWS=rows, FAULT="all")
    if kind == "crash":
        status, output = make(folder, "build/sim/hotline-crash")
        return (None, output) if status else run(["build/sim/hotline-crash", rest], folder, SECONDS["unit"])
    if kind == "threads":
        status, output = make(folder, f"build-thread/tests/{rest}", SAN="thread")
        if status:
            return None, output
        still = ["setarch", "-R"] if run(["setarch", "-R", "true"], folder, 10)[0] == 0 else [] # as in tests/run
        return run([*still, f"build-thread/tests/{rest}"], folder, SECONDS["unit"], TSAN_OPTIONS=f"suppressions={folder}/tests/tsan.supp:io_sync=0")
    if kind == "e2e":
        status, output = make(folder, "all")
        return (None, output) if status else run([f"tests/e2e/{rest}.sh", "build"], folder, SECONDS["e2e"])
    status, output = make(folder, f"build/tests/{test}")
    return (None, output) if status else run([f"build/tests/{test}"], folder, SECONDS["unit"])


def copy(build, folder):
    """Sources and build with their times, so that make does the one file again."""
    for name in subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=top, check=True, text=True,
                               stdout=subprocess.PIPE).stdout.splitlines():
        if (top / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(top / name, folder / name)
    subprocess.run(["cp", "-a", str(build), str(folder / "build")], check=True)
    for more in ("build-fail", "build-thread"):
        if (top / more).is_dir():
            subprocess.run(["cp", "-a", str(top / more), str(folder / more)], check=True)


def plant(folder, bug):
    """The test that caught it, or why none did."""
    path = folder / bug["file"]
    before, times = path.read_text(), path.stat()
    path.write_text(before.replace(bug["old"], bug["new"]))
    started = time.time()
    try:
        for test in bug["tests"]:
            status, output = one_test(folder, test)
            if status is None:
                return None, "it does not build: " + output.strip()[-200:], time.time() - started
            if status != 0:
                return test, "", time.time() - started
        return None, "nothing noticed", time.time() - started
    finally:
        path.write_text(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 10**9)) # newer than what was made of the bug
        for made in ("build", "build-fail", "build-thread"):
            for name in (folder / made).glob("obj/" + bug["file"].replace(".c", ".o")):
                name.unlink()


def main():
    arguments = sys.argv[1:]
    findings = check()
    if findings or not arguments or arguments[0] == "--check":
        print("\n".join(findings) or "ok lint plant")
        sys.exit(1 if findings else 0)
    build, only = pathlib.Path(arguments[0]).resolve(), arguments[1:]
    chosen = [bug for bug in bugs.BUGS if not only or bug["name"] in only]
    red = []
    with tempfile.TemporaryDirectory(prefix="plant-") as room:
        folders = [pathlib.Path(room) / str(i) for i in range(2)]
        for folder in folders:
            folder.mkdir()
            copy(build, folder)
        free = list(folders)

        def borrow(work, *words):
            with lock:
                folder = free.pop()
            try:
                return work(folder, *words)
            finally:
                with lock:
                    free.append(folder)

        with concurrent.futures.ThreadPoolExecutor(len(folders)) as pool:
            wanted = sorted({test for bug in chosen for test in bug["tests"]})
            for test, (status, output) in zip(wanted, pool.map(lambda test: borrow(one_test, test), wanted)):
                if status != 0:
                    red.append(test)
                    print(f"FAIL {test} fails without any bug: {output.strip()[-300:]}", flush=True)
            print(f"{'bug':44} {'caught by':40} seconds")
            for bug, (test, why, seconds) in zip(chosen, pool.map(lambda bug: borrow(plant, bug), chosen)):
                if test is None:
                    red.append(bug["name"])
                print(f"{bug['name']:44} {test or 'FAIL ' + why:40} {seconds:.0f}", flush=True)
    print(f"{len(chosen) - len([one for one in red if any(one == bug['name'] for bug in chosen)])} passed, {len(red)} failed")
    sys.exit(1 if red else 0)


if __name__ == "__main__":
    main()

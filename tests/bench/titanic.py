"""Titanic: durable requests and whole cycles next to the broker's echo and to bare commits on the same disk; a store of a million."""
import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import time
from collections import namedtuple

from systems import SOON, Asking, BenchError, Measured, System, run_load, wait_until

SIZE = 64
BEANSTALKD = 5                    # times as many with 64 outstanding
LMDB_US = 1.6                     # of a commit's time, on top of an echo's, for one durable request at a time
UNKNOWN = b"0190A6E01B2C7D3E8F400123456789AB"

Row = namedtuple("Row", "name window what wanted")

ROWS = [
    Row("durable requests, 1 outstanding", 1, "request", None),
    Row("durable requests, 64 outstanding", 64, "request", 0.5),
    Row("durable requests, 512 outstanding", 512, "request", 0.6),
    Row("submit, run, fetch, close, 64 outstanding", 64, "cycle", 0.12),
]

Sample = namedtuple("Sample", "rate p50_us p99_us cpu_us")


class Titanic(Measured):
    """A titanic that answers, at a broker."""

    def __init__(self, place, broker, data=None, options=()):
        self.data = data or place.store("titanic")
        self.broker, start = broker, time.monotonic()
        super().__init__(place, "titanic", "--broker", broker.front, "--data", self.data, "--map-size", "8G", *options)
        with Asking(broker) as asking:
            wait_until(lambda: self.answers(asking), "titanic answers", step=0.001)
        self.started = time.monotonic() - start

    def answers(self, asking):
        if self.process.poll() is not None:
            raise BenchError(f"titanic ended: {self.said()}")
        if asking.ask(b"mmi.service", b"titanic.reply") != [b"200"]:
            return False
        with contextlib.suppress(BenchError):
            return asking.ask(b"titanic.reply", UNKNOWN, seconds=5)[0][:3] == b"400"
        return False

    def memory_without_map(self):
        """Bytes of RSS but for those of the store's file."""
        kept, total = False, 0
        with open(f"/proc/{self.process.pid}/smaps") as maps:
            for line in maps:
                if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                    kept = not line.rstrip().endswith(".mdb")
                elif kept and line.startswith("Rss:"):
                    total += int(line.split()[1]) * 1024
        return total

    def disk(self):
        return sum(os.stat(os.path.join(at, name)).st_blocks * 512 for at, _, names in os.walk(self.data) for name in names)


def load(place, system, window, duration, *options):
    return run_load(place, system, "--window", window, "--size", SIZE, "--duration", duration, "--warmup", 2 * window,
                    "--credit", 100, *options)


def sample(result, process, before):
    used = (process.cpu() - before) * 1e6 / result["requests"]["sent"]
    return Sample(result["per_second"], result["latency_us"]["p50"], result["latency_us"]["p99"], used)


# ---- loads

def echo(place, row, duration):
    with System(place, "mdbroker") as system:
        before = system.cpu()
        return sample(load(place, system, row.window, duration), system, before)


def durable(place, row, duration):
    """A request is not run meanwhile: its service has no worker. A cycle has one."""
    side = [] if row.what == "cycle" else ["--role", "client"]
    with System(place, "mdbroker") as system, Titanic(place, system) as titanic:
        before = titanic.cpu()
        return sample(load(place, system, row.window, duration, "--titanic", row.what, *side), titanic, before)


def commits(place, records, duration):
    """LMDB by itself: what the disk gives."""
    command = [place.program("lmdb"), place.store("lmdb"), str(records), str(duration)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise BenchError(f"{' '.join(command)}: {run.stderr}")
    return json.loads(run.stdout)


def count_lines(stream, seconds, each):
    """Lines a second; each is called with the number of new ones."""
    begin, done = time.monotonic(), 0
    while (now := time.monotonic()) < begin + seconds:
        lines = stream.recv(65536).count(b"\n")
        done += lines
        each(lines)
    return done / (now - begin)


def beanstalkd(place, window, duration):
    """Its log synced after each job. One connection that has the window's jobs on their way: more connections only cost it more."""
    job = b"put 0 0 60 %d\r\n%s\r\n" % (SIZE, b"x" * SIZE)
    path, at = place.store("beanstalkd"), place.path("b")
    os.mkdir(path)
    server = subprocess.Popen([shutil.which("beanstalkd"), "-b", path, "-f0", "-l", f"unix:{at}"], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: os.path.exists(at), "beanstalkd listens")
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(at)
            stream.sendall(job * window)
            return count_lines(stream, duration / 1000, lambda lines: stream.sendall(job * lines))
    finally:
        server.terminate()
        server.wait()


def one_round(place, row, duration, number):
    measures = [("echo", lambda: echo(place, row, duration)), ("titanic", lambda: durable(place, row, duration)),
                ("lmdb", lambda: commits(place, row.window, duration))]
    if row.window == 64 and row.what == "request" and shutil.which("beanstalkd"):
        measures.append(("beanstalkd", lambda: beanstalkd(place, row.window, duration)))
    turn = number % len(measures)
    return {name: measure() for name, measure in measures[turn:] + measures[:turn]}


def summary(row, rounds):
    figures = {name: Sample(*(statistics.median(values) for values in zip(*(one[name] for one in rounds))))._asdict()
               for name in ("echo", "titanic")}
    figures["lmdb"] = {key: statistics.median(one["lmdb"][key] for one in rounds) for key in ("per_second", "p50_us")}
    figures.update(load=row.name, window=row.window, rounds=len(rounds), wanted=row.wanted,
                   over_echo=statistics.median(one["titanic"].rate / one["echo"].rate for one in rounds))
    if "beanstalkd" in rounds[0]:
        figures["beanstalkd"] = statistics.median(one["beanstalkd"] for one in rounds)
        figures["over_beanstalkd"] = statistics.median(one["titanic"].rate / one["beanstalkd"] for one in rounds)
    if row.window == 1:
        figures["p50_over_allowed"] = statistics.median(
            one["titanic"].p50_us / (one["echo"].p50_us + LMDB_US * one["lmdb"]["p50_us"]) for one in rounds)
    return figures


def run(place, rounds, duration, progress=print):
    done = {row: [] for row in ROWS}
    for number in range(rounds):
        progress(f"titanic, round {number + 1} of {rounds}")
        for row in ROWS:
            done[row].append(one_round(place, row, duration, number))
    return [summary(row, done[row]) for row in ROWS]


def verdict(one):
    if one["window"] == 1:
        ratio = one["p50_over_allowed"]
        return f"p50 {ratio:.2f} of echo's + {LMDB_US} commits' ({'<=' if ratio <= 1 else 'above'} 1)"
    ratio, wanted = one["over_echo"], one["wanted"]
    text = f"{ratio:.2f} of echo's ({'>=' if ratio >= wanted else 'below'} {wanted})"
    if "beanstalkd" not in one:
        return text
    times = one["over_beanstalkd"]
    return f"{text}; {times:.1f} times beanstalkd -f0's {one['beanstalkd']:,.0f} ({'>=' if times >= BEANSTALKD else 'below'} {BEANSTALKD})"


def table(summaries):
    yield "| load, 64-byte bodies | a second: titanic, echo, LMDB | p50 us: titanic, echo, LMDB's commit | titanic's CPU us | titanic is |"
    yield "|---|---|---|---|---|"
    for one in summaries:
        titanic, other, lmdb = one["titanic"], one["echo"], one["lmdb"]
        yield (f"| {one['load']} | {titanic['rate']:,.0f}, {other['rate']:,.0f}, {lmdb['per_second']:,.0f} | "
               f"{titanic['p50_us']:.0f}, {other['p50_us']:.0f}, {lmdb['p50_us']:.0f} | {titanic['cpu_us']:.1f} | {verdict(one)} |")


# ---- a store that is full of requests, and one that is used for long

def store(place, system, count, what="request", window=512):
    return run_load(place, system, "--window", window, "--size", SIZE, "--count", count, "--role", "client", "--titanic", what,
                    "--timeout", SOON * 1000)


def full(place, count, duration, progress):
    progress(f"{count:,} pending requests")
    def rate():
        return load(place, system, 512, duration, "--role", "client", "--titanic", "request")["per_second"]
    with System(place, "mdbroker") as system:
        with Titanic(place, system) as titanic:
            empty, memory = rate(), titanic.memory_without_map()
        with Titanic(place, system) as titanic:
            store(place, system, count)
            disk, loaded, grown = titanic.disk(), rate(), titanic.memory_without_map()
            titanic.kill()
            with Titanic(place, system, titanic.data) as again:
                restart, after = again.started, again.memory_without_map()
    return {"requests": count, "empty_per_second": empty, "full_per_second": loaded, "ratio": loaded / empty if empty else 0.0,
            "restart_seconds": restart, "disk_bytes_a_request": disk / count, "rss_empty": memory, "rss_full": grown,
            "rss_restarted": after}


def churn(place, cycles, progress):
    progress(f"{cycles:,} requests, each closed")
    with System(place, "mdbroker") as system, Titanic(place, system) as titanic:
        sizes = []
        for _ in range(2):
            result = store(place, system, cycles, "discard")
            sizes.append(titanic.disk())
    return {"cycles": cycles, "bytes": sizes[0], "bytes_after_as_many_again": sizes[1], "per_second": result["per_second"]}


def pending(place, count, cycles, duration, progress=print):
    return {"full": full(place, count, duration, progress), "churn": churn(place, cycles, progress)}


def pending_table(figures):
    one, used = figures["full"], figures["churn"]
    yield f"- {one['requests']:,} pending: durable requests at {one['full_per_second']:,.0f}/s, {one['ratio']:.2f} of the empty " \
          f"store's {one['empty_per_second']:,.0f}/s (wanted: at least 0.8); answers {one['restart_seconds']:.2f} s after a kill " \
          f"and a start (at most 5)"
    yield f"- disk: {one['disk_bytes_a_request']:.0f} bytes a request (at most {2 * SIZE + 200}); RSS without the map: empty " \
          f"{one['rss_empty'] / 1e6:.1f} MB, full {one['rss_full'] / 1e6:.1f} MB, restarted {one['rss_restarted'] / 1e6:.1f} MB"
    yield f"- {used['cycles']:,} requests that were closed ({used['per_second']:,.0f}/s): {used['bytes'] / 1e6:.1f} MB of disk; after as " \
          f"many again {used['bytes_after_as_many_again'] / 1e6:.1f} MB (no more)"

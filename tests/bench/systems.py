"""What is measured and what loads it: processes with endpoints of their own, their CPU time and memory."""
import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time

import zmq

SOON = 60
PROGRAMS = {"mdbroker": "brokers/mdbroker", "spqueue": "brokers/spqueue", "ppqueue": "brokers/ppqueue", "titanic": "brokers/titanic",
            "binarystar": "brokers/binarystar", "mdclient": "clients/mdclient", "mdworker": "workers/mdworker",
            "flserver": "workers/flserver", "bench_freelance": "tests/bench/bench_freelance",
            "proxy": "tests/bench/bench_proxy", "bare": "tests/bench/bench_bare", "lmdb": "tests/bench/bench_lmdb",
            "mdbench": "clients/mdbench"}
#   How mdbench speaks with those that speak no MDP.
DIALECTS = {"proxy": "--raw", "spqueue": "--simple", "ppqueue": "--paranoid"}


class BenchError(Exception):
    pass


class Place:
    """Where programs are found and endpoints made."""

    def __init__(self, build, transport="tcp", disk=None):
        self.build, self.transport = build, transport
        self.directory = tempfile.TemporaryDirectory(prefix="keel.")
        self.disk = tempfile.TemporaryDirectory(prefix="keel.", dir=disk)
        self.made = 0

    def program(self, name):
        return os.path.join(self.build, PROGRAMS[name])

    def path(self, name):
        self.made += 1
        return os.path.join(self.directory.name, f"{name}.{self.made}")

    def store(self, name):
        """A directory that is not there yet, on the disk that is measured."""
        self.made += 1
        return os.path.join(self.disk.name, f"{name}.{self.made}")

    def endpoint(self):
        return "tcp://127.0.0.1:*" if self.transport == "tcp" else f"ipc://{self.path('s')}"


def wait_until(condition, what, seconds=SOON, step=0.01):
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise BenchError(f"{what}: not within {seconds} s")
        time.sleep(step)
    return value


class Measured:
    """A process whose log, CPU time and memory are looked at."""

    def __init__(self, place, name, *arguments, under=()):
        self.name, self.log_path = name, place.path("log")
        self.log = open(self.log_path, "w")
        self.process = subprocess.Popen([*under, place.program(name), *map(str, arguments)], stderr=self.log)

    def said(self):
        with open(self.log_path) as log:
            return log.read()

    def listening(self, count):
        if self.process.poll() is not None:
            raise BenchError(f"{self.name} ended: {self.said()}")
        found = re.findall(r"listening on (\S+)", self.said())
        return found if len(found) == count else None

    def cpu(self):
        """Seconds, of all threads."""
        total = 0
        folder = f"/proc/{self.process.pid}/task"
        for thread in os.listdir(folder):
            with open(f"{folder}/{thread}/schedstat") as stat:
                total += int(stat.read().split()[0])
        return total / 1e9

    def memory(self, key="VmRSS"):
        """Bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(rf"{key}:\s+(\d+) kB", status.read()).group(1)) * 1024

    def stop(self):
        """In peace, but for zmq_proxy, which never sees a signal that comes just before it waits."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL if self.name == "proxy" else signal.SIGTERM)
        try:
            self.process.wait(SOON)
        except subprocess.TimeoutExpired:
            self.kill()
        self.log.close()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class System(Measured):
    """A broker or a yardstick. Clients connect to .front, workers to .back."""

    def __init__(self, place, name, spin=0, under=(), options=()):
        bind = [place.endpoint() for _ in range(2 if name in DIALECTS else 1)]
        if name == "mdbroker":
            arguments = ["--bind", *bind, "--spin", str(spin)]
        elif name in ("spqueue", "ppqueue"):
            arguments = ["--frontend", bind[0], "--backend", bind[1], "--spin", str(spin)]
        else:
            arguments = [*bind, *([str(spin)] if spin else [])]
        super().__init__(place, name, *arguments, *options, under=under)
        try:
            found = wait_until(lambda: self.listening(len(bind)), f"{name} listens")
        except BenchError:
            self.stop()
            raise
        self.front, self.back = found[0], found[-1]


class Load:
    """mdbench, running."""

    def __init__(self, place, system, *options):
        dialect = [DIALECTS[system.name]] if system.name in DIALECTS else []
        self.command = [place.program("mdbench"), "--json", "--broker", system.front, "--workers-at", system.back, *dialect,
                        *map(str, options)]
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def result(self, seconds=600):
        """What it printed, once it has ended; a reply that was not right is an error."""
        out, errors = self.process.communicate(timeout=seconds)
        if self.process.returncode != 0:
            raise BenchError(f"{' '.join(self.command)}: {errors}{out}")
        return json.loads(out)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=SOON)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def run_load(place, system, *options):
    with Load(place, system, *options) as load:
        return load.result()


class Asking:
    """Asks a broker's mmi services."""

    def __init__(self, system):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(system.front)

    def ask(self, service, *body, seconds=SOON):
        """The body of the answer."""
        mark = os.urandom(8)
        self.socket.send_multipart([mark, b"", b"MDPC01", service, *body])
        end = time.monotonic() + seconds
        while self.socket.poll(max(0, int((end - time.monotonic()) * 1000))):
            frames = self.socket.recv_multipart()
            if frames[0] == mark:
                return frames[4:]
        raise BenchError(f"{service.decode()} is not answered within {seconds} s")

    def stats(self):
        return json.loads(self.ask(b"mmi.stats", b"")[-1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.destroy()

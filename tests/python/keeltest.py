"""Tests of Keel's programs from outside: starts them, talks to them, ends them, and leaves nothing behind.

Programs are looked for in $KEEL_PATH, which CMake sets (keel_python_test). A test has its own directory, its own ipc
endpoints or wildcard ports, and its own ZeroMQ context, so that any number of tests run side by side. Nothing sleeps and
hopes: `eventually` polls a condition under a deadline, and mdp.Peer.sync tells for certain that a peer has got all it
will get. At the end of a test each program that still runs must exit 0 on SIGTERM, and none may have said anything that
a sanitizer or a failed assertion says.
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import zmq

import mdp
from patience import DEADLINE, eventually

FATAL = re.compile(r"Sanitizer|runtime error:|Assertion")
SANITIZER = {"ASAN_OPTIONS": "quarantine_size_mb=4"}         # or what is freed would look like growth
INTERPRETER = [sys.executable, "-B"]


class Program:
    """One running program, its output in files, unless stderr goes elsewhere."""

    def __init__(self, folder, command, env=None, stderr=None, stdin=subprocess.DEVNULL, pass_fds=()):
        number = len(os.listdir(folder))
        self.name = os.path.basename(command[0])
        self.paths = [os.path.join(folder, f"{number}.{self.name}.{kind}") for kind in ("out", "err")]
        with open(self.paths[0], "wb") as out, open(self.paths[1], "wb") as err:
            self.process = subprocess.Popen(command, stdin=stdin, stdout=out, stderr=stderr or err, pass_fds=pass_fds,
                                            cwd=folder, env={**SANITIZER, **os.environ, **(env or {})})
        self.pid = self.process.pid
        self.code = None          # set once somebody has seen it end

    def read(self, index):
        with open(self.paths[index], "rb") as file:
            return file.read().decode(errors="replace")

    def out(self):
        return self.read(0)

    def err(self):
        return self.read(1)

    def running(self):
        return self.process.poll() is None

    def says(self, pattern, count=1):
        """Waits until stderr has so many matches of it; returns the last one."""
        def found():
            matches = list(re.finditer(pattern, self.err()))
            if len(matches) < count and not self.running():
                raise AssertionError(f"{self.name} exited {self.process.returncode} before it said {pattern!r}: {self.err()}")
            return matches[count - 1] if len(matches) >= count else None
        return eventually(found, f"{self.name} says {pattern!r}")

    def signal(self, number):
        """Once this returns, SIGSTOP has stopped every thread."""
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            eventually(lambda: all("T" in state for state in self.threads("State")), f"{self.name} stands still")

    def exits(self, seconds=DEADLINE):
        """Its exit code; the test has taken note of its end."""
        try:
            self.code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {seconds} s: {self.err()}") from None
        return self.code

    def kill(self):
        """As kill -9 does."""
        self.process.kill()
        self.exits()

    def status(self, field):
        """A number from /proc/PID/status."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"^{field}:\s+(\d+)", file.read(), re.M).group(1))

    def threads(self, field):
        """What /proc says of each thread."""
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{thread}/status", encoding="ascii") as file:
                yield re.search(rf"^{field}:\s+(.+)", file.read(), re.M).group(1)

    def descriptors(self):
        """How many are open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def sleeps(self):
        """How often its threads have gone to sleep so far."""
        return sum(map(int, self.threads("voluntary_ctxt_switches")))

    def finish(self):
        """Ends it if it still runs. What is wrong with how it ended, or None."""
        if self.code is None:
            if self.running():
                self.signal(signal.SIGCONT)
                self.signal(signal.SIGTERM)
                with contextlib.suppress(AssertionError):
                    self.exits(0.3)
            if self.running():
                self.signal(signal.SIGTERM)
            try:
                if self.exits() != 0:
                    return f"{self.name} ended with {self.code}: {self.err()[-2000:]}"
            except AssertionError as problem:
                self.kill()
                return str(problem)
        return f"{self.name} said: {self.err()[-4000:]}" if FATAL.search(self.err()) else None


class Broker(Program):
    """mdbroker, or another that listens; `endpoint` is its first one."""

    endpoint = None

    def endpoints(self, count):
        """What it has said to listen on, once it has said so of that many."""
        self.says(r"listening on (\S+)", count)
        return re.findall(r"listening on (\S+)", self.err())


class Script(Program):
    """A peer in Python in a process of its own. It has no way to end but to be killed."""

    def finish(self):
        self.kill()
        return None


class Case(unittest.TestCase):
    """A test with a directory, a context, and programs that are ended with it."""
    maxDiff = 2000

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="keel.")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.programs = []
        self.addCleanup(self.end_programs)
        self.context = zmq.Context()
        self.context.max_sockets = 8000
        self.addCleanup(self.context.destroy, 0)
        self.names = 0
        self.peers = []           # a peer that nobody refers to would close its socket

    def end_programs(self):
        problems = [problem for problem in [program.finish() for program in self.programs] if problem]
        self.assertFalse(problems, "\n".join(problems))

    # ---- places

    def path(self, name):
        return os.path.join(self.folder, name)

    def ipc(self):
        self.names += 1
        return "ipc://" + self.path(f"s{self.names}")

    def file(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as out:
            out.write(text)
        return self.path(name)

    # ---- programs

    def start(self, name, *args, kind=Program, wrap=(), **options):
        """wrap: a command that becomes the program whose command line follows it."""
        found = shutil.which(name, path=os.environ.get("KEEL_PATH", ""))
        self.assertTrue(found, f"no program {name} in KEEL_PATH")
        return self.started(kind(self.folder, [*wrap, found, *map(str, args)], **options))

    def script(self, name, *args):
        """A Python peer in a process of its own, to be killed or frozen."""
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
        return self.started(Script(self.folder, [*INTERPRETER, path, *map(str, args)]))

    def started(self, program):
        self.programs.append(program)
        return program

    def broker(self, *args, heartbeat=30000, bind=None):
        """mdbroker, ready, on an ipc endpoint or what bind says; by default no test has to heartbeat."""
        broker = self.start("mdbroker", "--bind", bind or self.ipc(), "--heartbeat", heartbeat, *args, kind=Broker)
        broker.endpoint = broker.endpoints(1)[0]
        return broker

    def runs_to(self, code, name, *args, env=None):
        """Runs a program that is to end by itself with this code; returns it."""
        program = self.start(name, *args, env=env)
        self.assertEqual(program.exits(), code, program.err())
        return program

    def lpserver(self, *options, command=(), bind=None):
        """lpserver on an ipc endpoint or what bind says."""
        server = self.start("lpserver", "--bind", bind or self.ipc(), *options, *(["--", *command] if command else []), kind=Broker)
        server.endpoint = server.endpoints(1)[0]
        return server

    # ---- peers

    def met(self, peer):
        self.peers.append(peer)
        return peer

    def client(self, broker, form="led1", **options):
        return self.met(mdp.Client(self.context, getattr(broker, "endpoint", broker), mdp.CLIENT_FORMS[form], **options))

    def asking(self, broker, form="asking1", ttl=0):
        """A client that wants to be told of failures."""
        return self.met(mdp.Asking(self.context, getattr(broker, "endpoint", broker), mdp.CLIENT_FORMS[form], ttl))

    def raw(self, broker, kind=zmq.DEALER, **options):
        return self.met(mdp.Peer(self.context, getattr(broker, "endpoint", broker), kind, **options))

    def worker(self, broker, service=b"echo", form="led1", credit=None, ready=True, **options):
        """A worker that is registered when this returns."""
        worker = self.met(mdp.Worker(self.context, getattr(broker, "endpoint", broker), service, mdp.WORKER_FORMS[form],
                                     credit, **options))
        if ready:
            worker.ready()
            worker.sync()
        return worker

    def process_worker(self, broker, *args, service="echo", requests=1):
        """A worker in a process of its own; returns once it is registered and has so many requests."""
        worker = self.script("held_worker.py", broker.endpoint, service, *args)
        eventually(lambda: not worker.running() or ("registered" in worker.out() and worker.out().count("request") >= requests),
                   "the worker is registered and has its requests")
        self.assertTrue(worker.running(), worker.err())
        return worker

    def hop(self, backend):
        """A zmq_proxy before the endpoint; returns its own endpoint."""
        context, endpoint = zmq.Context(), self.ipc()
        front, back = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
        front.linger = back.linger = 0
        front.bind(endpoint)
        back.connect(getattr(backend, "endpoint", backend))

        def run():
            with contextlib.suppress(zmq.ZMQError):
                zmq.proxy(front, back)
            front.close()
            back.close()
        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(context.term)
        return endpoint

    # ---- what is so

    def registered(self, broker, service, code=b"200"):
        """Waits until mmi.service says so."""
        client = self.client(broker)
        eventually(lambda: client.call(b"mmi.service", service).body == [code], f"mmi.service of {service} is {code}")
        client.close()

    def still_serves(self, broker, service=b"still"):
        """A new client and a new worker work together."""
        worker, client = self.worker(broker, service), self.client(broker)
        client.send(service, b"are you there")
        worker.answer()
        self.assertEqual(client.recv().body, [b"are you there"])
        worker.send("disconnect")
        client.close()

    def balanced(self, broker):
        """Every request that was taken in is accounted for."""
        stats = self.client(broker).stats()
        self.assertEqual(stats["accepted"], stats["answered"] + stats["failed"] + stats["waiting"] + stats["held"], stats)
        return stats


def main():
    unittest.main(verbosity=2)

"""Raw peers of the Pirates over pyzmq, and tests of spqueue and ppqueue with them: every frame of a message stands here as it goes
over the wire, none of Keel's code is used.

There is no way to ask a queue anything over its sockets, so what it counts is had by SIGUSR1 (Queue.stats), and a peer knows that all
it has sent was read when something that it sent later has had an effect.
"""
import json
import re
import signal
import time

import zmq

import keeltest
import mdp

WORKER_KINDS = {"spqueue": "simple", "ppqueue": "paranoid"}


class Queue(keeltest.Broker):
    """spqueue or ppqueue."""

    frontend = backend = None
    asked = 0

    def stats(self):
        """What it writes to the log for SIGUSR1."""
        self.asked += 1
        self.signal(signal.SIGUSR1)
        return json.loads(self.says(r"(?m)stats (\{.*\})$", self.asked).group(1))

    def reaches(self, **figures):
        """Waits until each of these figures has this value, and returns all of them."""
        seen = {}

        def reached():
            stats = self.stats()
            seen.update((name, stats[name]) for name in figures)
            return stats if seen == figures else None
        try:
            return keeltest.eventually(reached, f"{self.name} has {figures}")
        except AssertionError as problem:
            raise AssertionError(f"{problem}, but {seen}") from None


class Client(mdp.Peer):
    """REQ, or a DEALER that puts its own envelope."""

    def __init__(self, context, endpoint, kind=zmq.REQ, **options):
        super().__init__(context, endpoint, kind, **options)
        self.kind = kind

    def send(self, *body, extra=()):
        self.put(*([] if self.kind == zmq.REQ else [*extra, b""]), *body)

    def recv(self, seconds=keeltest.DEADLINE):
        """(extra frames, body) of the next answer."""
        frames = self.get("answer", seconds)
        if self.kind == zmq.REQ:
            return [], frames
        if b"" not in frames:
            raise AssertionError(f"an answer without a delimiter: {frames}")
        at = frames.index(b"")
        return frames[:at], frames[at + 1:]

    def answer(self, seconds=keeltest.DEADLINE):
        return self.recv(seconds)[1]


class Simple(mdp.Peer):
    """A worker of the Simple Pirate."""

    def __init__(self, context, endpoint, **options):
        super().__init__(context, endpoint, zmq.REQ, **options)

    def ready(self):
        self.put(b"\1")

    def request(self, seconds=keeltest.DEADLINE):
        """(token, body) of the next request, which is in the form that every worker can take."""
        frames = self.get("request", seconds)
        if len(frames) < 3 or not re.fullmatch(rb"[0-9a-f]{16}", frames[0]) or frames[1] != b"":
            raise AssertionError(f"not a request: {frames}")
        return frames[0], frames[2:]

    def give(self, token, *body):
        self.put(token, b"", *body)

    def answer(self, *body):
        """Takes one request and answers it, with its own body if none is given."""
        token, asked = self.request()
        self.give(token, *(body or asked))
        return asked


class Paranoid(Simple):
    """A worker that speaks PPP. It heartbeats while it waits for something, unless silent."""

    def __init__(self, context, endpoint, silent=False, **options):
        mdp.Peer.__init__(self, context, endpoint, zmq.DEALER, **options)
        self.silent, self.beats = silent, 0

    def beat(self):
        self.put(b"\2")

    def read(self, what, seconds=keeltest.DEADLINE):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.silent:
                self.beat()
            if self.socket.poll(20):
                frames = self.socket.recv_multipart()
                if frames != [b"\2"]:
                    return frames
                self.beats += 1
        raise AssertionError(f"no {what} within {seconds} s")


class Case(keeltest.Case):
    """A test of the queue `program`."""

    program = "ppqueue"

    def beats(self, heartbeat):
        """The option, if the queue has it."""
        return ["--heartbeat", heartbeat] if self.program == "ppqueue" else []

    def queue(self, *args, frontend=None, backend=None, heartbeat=30000):
        """Ready; by default no test has to heartbeat."""
        queue = self.start(self.program, "-f", frontend or self.ipc(), "-b", backend or self.ipc(), *self.beats(heartbeat), *args,
                           kind=Queue)
        queue.frontend, queue.backend = queue.endpoints(2)[:2]
        return queue

    def client(self, queue, kind=zmq.REQ, **options):
        return self.met(Client(self.context, getattr(queue, "frontend", queue), kind, **options))

    def worker(self, queue, ready=True, **options):
        kind = Simple if self.program == "spqueue" else Paranoid
        worker = self.met(kind(self.context, getattr(queue, "backend", queue), **options))
        if ready:
            worker.ready()
        return worker

    def workers(self, queue, count, **options):
        """So many, registered when this returns."""
        before = queue.stats()["workers"]
        made = [self.worker(queue, **options) for _ in range(count)]
        queue.reaches(workers=before + count)
        return made

    def process(self, endpoint, kind, *args, says=None):
        """A peer in a process of its own; returns once it has said that."""
        peer = self.script("held_pirate.py", endpoint, kind, *args)
        keeltest.eventually(lambda: not peer.running() or says is None or says in peer.out(), f"{kind} says {says}")
        self.assertTrue(peer.running(), peer.err())
        return peer

    def process_worker(self, queue, *args, holds=True):
        """A worker that never answers; returns once it holds a request that waits for it, or else is registered."""
        registered = queue.stats()["workers_registered"]
        worker = self.process(queue.backend, WORKER_KINDS[self.program], *args, says="request" if holds else None)
        keeltest.eventually(lambda: queue.stats()["workers_registered"] > registered, "it is registered")
        return worker

    @staticmethod
    def serves(worker):
        """Answers a request, if there is one."""
        if not worker.socket.poll(0):
            return False
        frames = worker.socket.recv_multipart()
        if len(frames) > 1:
            worker.put(*frames)
        return len(frames) > 1

    def still_serves(self, queue):
        """A new client and a new worker work together, whoever else there is. The client asks again: a worker that is just leaving may
        take a request with it."""
        worker, client = self.worker(queue), self.client(queue, zmq.DEALER)

        def answered():
            client.send(b"are you there")
            if worker.socket.poll(200):
                self.serves(worker)
            return client.socket.poll(200)
        keeltest.eventually(answered, "an answer")
        self.assertEqual(client.answer(), [b"are you there"])

    def balanced(self, queue):
        """Every request that was taken in is accounted for, and each sum is that of its parts."""
        stats = queue.stats()
        self.assertEqual(stats["accepted"], stats["answered"] + stats["failed"] + stats["waiting"] + stats["held"], stats)
        for name in ("failed", "refused"):
            self.assertEqual(stats[name], sum(value for key, value in stats.items() if key.startswith(f"{name}_")), stats)
        self.assertEqual(stats["malformed"], sum(stats["malformed_by_reason"].values()), stats)
        return stats

"""Raw MDP peers over pyzmq: every frame of a message stands here as it goes over the wire, none of Keel's code is used."""
import json
import os
import struct
import time
from collections import namedtuple

import zmq

from patience import DEADLINE

ClientForm = namedtuple("ClientForm", "version kind led extra wishes correlate", defaults=(zmq.DEALER, True, (), False, False))
WorkerForm = namedtuple("WorkerForm", "version led")

CLIENT_FORMS = {
    "req": ClientForm(1, zmq.REQ),
    "correlate": ClientForm(1, zmq.REQ, correlate=True),
    "req2": ClientForm(2, zmq.REQ),
    "led1": ClientForm(1),
    "bare1": ClientForm(1, led=False),
    "frame1": ClientForm(1, extra=(b"\0\1\2\3mark",)),
    "asking1": ClientForm(1, wishes=True),
    "strict2": ClientForm(2, led=False),
    "led2": ClientForm(2),
    "frame2": ClientForm(2, extra=(b"one", b"\0" * 255)),
    "asking2": ClientForm(2, extra=(b"outer",), wishes=True),
}
WORKER_FORMS = {"led1": WorkerForm(1, True), "bare1": WorkerForm(1, False),
                "strict2": WorkerForm(2, False), "led2": WorkerForm(2, True)}

WORKER_BYTES = {
    1: {"ready": b"\1", "request": b"\2", "final": b"\3", "heartbeat": b"\4", "disconnect": b"\5"},
    2: {"ready": b"\1", "request": b"\2", "partial": b"\3", "final": b"\4", "heartbeat": b"\5", "disconnect": b"\6"},
}

Reply = namedtuple("Reply", "kind service body extra")
Request = namedtuple("Request", "token body")


def wishes(ttl=0, notices=True):
    """An options frame."""
    return b"KEEL\1" + (b"\1" if notices else b"\0") + b"\0\0" + struct.pack(">I", ttl) + os.urandom(8)


class Peer:
    """A socket whose every wait has a deadline."""

    def __init__(self, context, endpoint, kind=zmq.DEALER, **options):
        self.socket = context.socket(kind)
        self.socket.linger = 0
        self.socket.sndhwm = self.socket.rcvhwm = 0
        self.socket.ipv6 = True
        for name, value in options.items():
            self.socket.setsockopt(getattr(zmq, name.upper()), value)
        self.socket.connect(endpoint)
        self.arrived = []         # before a sync, and not taken yet

    def put(self, *frames):
        self.socket.send_multipart(frames)

    def get(self, what="message", seconds=DEADLINE):
        return self.arrived.pop(0) if self.arrived else self.read(what, seconds)

    def read(self, what, seconds=DEADLINE):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.socket.poll(max(1, int((end - time.monotonic()) * 1000))):
                try:
                    return self.socket.recv_multipart(zmq.DONTWAIT)
                except zmq.Again:                           # a REQ that has thrown a stale reply away
                    pass
        raise AssertionError(f"no {what} within {seconds} s")

    def gets_none(self, seconds):
        """For what has no barrier: a REQ, or somebody behind a proxy. Prefer sync."""
        if self.socket.poll(int(seconds * 1000)):
            raise AssertionError(f"unexpected {self.socket.recv_multipart()}")

    def sync(self):
        """Returns when the broker has read all that this peer sent, and all that the broker sent to it before is here, to
        be had by get (heartbeats are left out). A broker answers a peer in order, and takes a worker's socket for a
        client too."""
        mark = os.urandom(8)
        self.put(mark, b"", b"MDPC01", b"mmi.version", b"")
        while (frames := self.read("answer to a sync"))[0] != mark:
            if frames[-2:] not in ([b"MDPW01", b"\4"], [b"MDPW02", b"\5"]):
                self.arrived.append(frames)

    def quiet(self):
        """Nothing but heartbeats has come, and nothing will for what was sent so far."""
        self.sync()
        if self.arrived:
            raise AssertionError(f"unexpected {self.arrived}")

    def close(self):
        self.socket.close(0)


class Client(Peer):
    def __init__(self, context, endpoint, form, **options):
        if form.correlate:
            options["req_correlate"] = 1
        super().__init__(context, endpoint, form.kind, **options)
        self.form = form
        self.mark = ()

    def send(self, service, *body, extra=None):
        """extra: frames before the delimiter instead of the form's own."""
        form = self.form
        head = []
        if form.led and form.kind != zmq.REQ:
            self.mark = form.extra if extra is None else tuple(extra)
            self.mark += (wishes(),) if form.wishes else ()
            head = [*self.mark, b""]
        self.put(*head, b"MDPC0%d" % form.version, *([b"\1"] if form.version == 2 else []), service, *body)

    def recv(self, seconds=DEADLINE):
        """The next reply, whose form must be that of the request."""
        frames = rest = self.get("reply", seconds)
        extra = ()
        if self.form.led and self.form.kind != zmq.REQ:
            at = frames.index(b"") if b"" in frames else -1
            extra, rest = tuple(frames[:at]), frames[at + 1:]
        least = 2 + self.form.version
        kinds = {b"\2": "partial", b"\3": "final"}
        kind = "final" if self.form.version == 1 else kinds.get(rest[1] if len(rest) > 1 else None)
        if len(rest) < least or rest[0] != b"MDPC0%d" % self.form.version or not kind:
            raise AssertionError(f"not a reply of MDP 0.{self.form.version} in the form of the request: {frames}")
        return Reply(kind, rest[least - 2], rest[least - 1:], extra)

    def call(self, service, *body):
        """One request, its one reply."""
        self.send(service, *body)
        reply = self.recv()
        if (reply.kind, reply.service) != ("final", service) or reply.extra != tuple(self.mark):
            raise AssertionError(f"a reply of another request: {reply}")
        return reply

    def report(self, service, argument=b""):
        """The JSON that an mmi. service gives."""
        body = self.call(service, argument).body
        if len(body) != 2 or body[0] != b"200":
            raise AssertionError(f"{service} says {body}")
        return json.loads(body[1])

    def stats(self):
        return self.report(b"mmi.stats")


class Asking(Client):
    """A client each of whose requests asks for failure notices and may bring a ttl."""

    def __init__(self, context, endpoint, form, ttl=0):
        super().__init__(context, endpoint, form._replace(wishes=False))
        self.ttl = ttl

    def send(self, service, *body, extra=None):
        before = self.form.extra if extra is None else tuple(extra)
        super().send(service, *body, extra=(*before, wishes(self.ttl)))

    def notice(self, code, service):
        """The next message is this notice, in the envelope of a request of ours."""
        reply = self.recv()
        head = (reply.kind, reply.service, len(reply.body), reply.body[0], reply.body[-1])
        if head != ("final", b"mmi.error", 3, b"%d" % code, service) or reply.extra[-1][:5] != b"KEEL\1":
            raise AssertionError(f"not the notice {code} of {service}: {reply}")
        if not reply.body[1]:
            raise AssertionError("a notice without a reason")
        return reply


class Worker(Peer):
    def __init__(self, context, endpoint, service, form, credit=None, **options):
        super().__init__(context, endpoint, **options)
        self.service, self.form, self.credit = service, form, credit
        self.head = [*([b""] if form.led else []), b"MDPW0%d" % form.version]
        self.beats = 0

    def send(self, command, *frames):
        self.put(*self.head, WORKER_BYTES[self.form.version][command], *frames)

    def ready(self):
        self.send("ready", self.service, *([] if self.credit is None else [b"%d" % self.credit]))

    def final(self, token, *body):
        self.send("final", token, b"", *body)

    def partial(self, token, *body):
        self.send("partial", token, b"", *body)

    def understand(self, frames):
        """(command, the frames behind it) of a message that must be in this worker's own form."""
        size = len(self.head)
        names = [name for name, byte in WORKER_BYTES[self.form.version].items()
                 if len(frames) > size and byte == frames[size]]
        if frames[:size] != self.head or not names:
            raise AssertionError(f"not for a worker of this form: {frames}")
        return names[0], frames[size + 1:]

    def command(self, seconds=DEADLINE):
        """The next one that is no heartbeat; heartbeats are counted."""
        end = time.monotonic() + seconds
        while True:
            name, rest = self.understand(self.get("command", max(0.001, end - time.monotonic())))
            if name != "heartbeat":
                return name, rest
            self.beats += 1

    def request(self, seconds=DEADLINE):
        name, rest = self.command(seconds)
        if name != "request" or len(rest) < 3 or rest[1] != b"":
            raise AssertionError(f"not a REQUEST: {name} {rest}")
        return Request(rest[0], rest[2:])

    def answer(self, *body):
        """Takes one request and answers it, with its own body if none is given."""
        request = self.request()
        self.final(request.token, *(body or request.body))
        return request

    def dismissed(self):
        """The next command is DISCONNECT."""
        name, rest = self.command()
        if name != "disconnect" or rest:
            raise AssertionError(f"not a DISCONNECT: {name} {rest}")

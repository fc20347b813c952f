"""Pairs for tests: two nodes of mdbroker or binarystar, what they publish, and peers that are played by hand."""
import re
import threading
import time

import zmq

import keeltest

PRIMARY, BACKUP, ACTIVE, PASSIVE = 1, 2, 3, 4
WORD = re.compile(rb"([1-4]) (\d+) ([pb])(y?)\Z")


class Echo(threading.Thread):
    """A REP server that says who it is."""

    def __init__(self, context, endpoint, tag):
        super().__init__(daemon=True)
        self.socket, self.tag, self.ending = context.socket(zmq.REP), tag, False
        self.socket.linger = 0
        self.socket.bind(endpoint)
        self.start()

    def run(self):
        while not self.ending:
            if self.socket.poll(20):
                self.socket.send(self.tag + b":" + self.socket.recv())
        self.socket.close()

    def stop(self):
        self.ending = True
        self.join()


class Node:
    """One of a pair; `said` is (state, epoch, yields) as it published last."""

    def __init__(self, case, kind, name, role, front, state, wrap=()):
        self.case, self.kind, self.name, self.role, self.wrap = case, kind, name, role, wrap
        self.front, self.state, self.admin = front, state, case.ipc()
        self.peer = None          # the other one's state endpoint
        self.program, self.extra = None, []
        self.said, self.heard = (None, 0, False), []
        if kind == "binarystar":
            self.backend = case.backend(name)

    def start(self, failover, **options):
        argv = ["--" + self.role, "--state-bind", self.state, "--state-peer", self.peer, "--failover", failover, "--state-file",
                self.case.path(f"{self.name}.epoch"), *self.extra]
        if self.kind == "mdbroker":
            argv += ["--bind", self.front, "--admin", self.admin, "--heartbeat", 200]
        else:
            argv += ["--frontend", self.front, "--backend", self.backend]
        self.said = (None, 0, False)
        self.program = self.case.start(self.kind, *argv, wrap=self.wrap, **options)
        return self

    def up(self):
        return self.program is not None and self.program.code is None and self.program.running()

    def note(self, frames):
        word = WORD.fullmatch(frames[0]) if len(frames) == 1 else None
        assert word and (word[3] == b"p") == (self.role == "primary"), frames
        said = (int(word[1]), int(word[2]), bool(word[4]))
        if said != self.said:
            self.heard.append(said)
        self.said = said


class PairCase(keeltest.Case):
    """Tests of pairs. Everything that is said on a state socket is read by `look`, which all waits use."""
    FAILOVER = 200

    def setUp(self):
        super().setUp()
        self.poller, self.watched, self.nodes, self.servers = zmq.Poller(), {}, [], []
        self.addCleanup(lambda: [server.stop() for server in self.servers])

    def backend(self, name):
        endpoint = self.ipc()
        self.servers.append(Echo(self.context, endpoint, name.encode()))
        return endpoint

    def node(self, kind, name, role, front=None, state=None, **options):
        node = Node(self, kind, name, role, front or self.ipc(), state or self.ipc(), **options)
        socket = self.context.socket(zmq.SUB)
        socket.linger, socket.reconnect_ivl = 0, 20
        socket.subscribe(b"")
        socket.connect(node.state)
        self.watched[socket] = node
        self.poller.register(socket, zmq.POLLIN)
        self.nodes.append(node)
        return node

    def pair(self, kind, start=True):
        a, b = self.node(kind, "a", "primary"), self.node(kind, "b", "backup")
        a.peer, b.peer = b.state, a.state
        if start:
            a.start(self.FAILOVER)
            b.start(self.FAILOVER)
            self.settles(a, ACTIVE, b, PASSIVE)
        return a, b

    def look(self, milliseconds=5):
        for socket, _ in self.poller.poll(milliseconds):
            self.watched[socket].note(socket.recv_multipart())
        for node in self.nodes:
            if node.program is not None and node.program.code is None:
                self.assertTrue(node.program.running(), f"{node.name} ended: {node.program.err()}")

    def until(self, condition, what, seconds=keeltest.DEADLINE):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"not within {seconds} s: {what}; {[(n.name, n.said) for n in self.nodes]}")
            self.look()

    def settles(self, *wanted, ask=(), seconds=keeltest.DEADLINE):
        """settles (a, ACTIVE, b, PASSIVE); meanwhile those of `ask` are asked."""
        pairs = list(zip(wanted[::2], wanted[1::2]))

        def so():
            for node in ask:
                self.vote(node)
            return all(node.said[0] == state for node, state in pairs)
        self.until(so, f"{[(node.name, state) for node, state in pairs]}", seconds)

    def stays(self, seconds, *wanted, ask=()):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for node in ask:
                self.vote(node)
            self.look()
            for node, state in zip(wanted[::2], wanted[1::2]):
                self.assertEqual(node.said[0], state, node.name)

    def vote(self, node):
        """A request that nobody waits for."""
        socket = self.context.socket(zmq.DEALER)
        socket.linger = 100
        socket.connect(node.front)
        body = [b"", b"MDPC01", b"nobody", b"x"] if node.kind == "mdbroker" else [b"", b"x"]
        socket.send_multipart(body)
        self.look(10)
        socket.close()

    def ask(self, node, seconds=0.3):
        """binarystar: who answers? None: nobody."""
        socket = self.context.socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(node.front)
        socket.send_multipart([b"one", b"two", b"", b"x"])
        answer = socket.recv_multipart() if socket.poll(int(seconds * 1000)) else None
        socket.close()
        return answer

    def kill(self, node):
        node.program.kill()
        node.said = (None, 0, False)

    def raw_peer(self, node):
        """A publisher that is the node's peer."""
        publisher = self.context.socket(zmq.PUB)
        publisher.linger = 0
        self.addCleanup(publisher.close)
        publisher.bind(self.ipc())
        node.peer = publisher.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()
        return publisher

"""Raw FLP peers over pyzmq (RFC 10): every frame of a message stands here as it goes over the wire, none of Keel's code is used."""
import threading
from collections import Counter

import zmq

import keeltest
import loopback
import mdp


class Client(mdp.Peer):
    """A ROUTER that reaches one server: under a name of its own, or under the server's identity."""

    def __init__(self, context, endpoint, name=None):
        options = {"router_mandatory": 1}
        if name:
            options["connect_routing_id"] = name
        super().__init__(context, endpoint, zmq.ROUTER, **options)
        self.name = name or endpoint.encode()

    def put(self, *frames):
        """Once the server is known by that name."""
        def sent():
            try:
                self.socket.send_multipart([self.name, *frames])
                return True
            except zmq.ZMQError as error:
                if error.errno != zmq.EHOSTUNREACH:
                    raise
            return False
        keeltest.eventually(sent, f"a server is known as {self.name}")

    def get(self, what="message", seconds=keeltest.DEADLINE):
        name, *frames = super().get(what, seconds)
        if name != self.name:
            raise AssertionError(f"{name} instead of {self.name}")
        return frames

    def call(self, *frames):
        self.put(*frames)
        return self.get("answer")

    def sync(self):
        """The server has read all that came before, and has answered what it answers at once."""
        self.put(b"PING")
        while (message := self.read("PONG"))[1:] != [b"PONG"]:
            self.arrived.append(message)


class Server(threading.Thread):
    """A ROUTER in a thread, which counts what it gets. behave (frames) returns messages to send back, each a list of frames."""

    def __init__(self, context, endpoint=loopback.ANY_PORT, behave=None, identity=True, pongs=True):
        super().__init__(daemon=True)
        self.behave = behave or (lambda frames: [frames])
        self.pongs = pongs
        self.pings, self.requests, self.bodies = 0, Counter(), []
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.rcvtimeo = 20
        self.socket.bind(endpoint)
        self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        if identity:                      # holds for what is bound after it
            self.socket.routing_id = self.endpoint.encode()
        self.stopping = False
        self.start()

    def run(self):
        while not self.stopping:
            try:
                peer, *frames = self.socket.recv_multipart()
            except zmq.Again:
                continue
            for answer in self.answers(frames):
                self.socket.send_multipart([peer, *answer])
        self.socket.close()

    def answers(self, frames):
        if frames == [b"PING"]:
            self.pings += 1
            return [[b"PONG"]] if self.pongs else []
        self.requests[frames[0]] += 1
        self.bodies.append(frames[1:])
        return self.behave(frames)

    def close(self):
        self.stopping = True
        self.join()

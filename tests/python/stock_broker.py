"""A broker as the protocol's first examples have it, for those who must get on with one: MDP 0.1 and mmi.service, no extra frames, no
notices, one request at a time to a worker. `run` is a thread's target."""
import collections
import time

import zmq

HEARTBEAT = 0.5


class StockBroker:
    def __init__(self, context, endpoint):
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(endpoint)
        self.idle = collections.defaultdict(list)         # by service
        self.known = {}                                   # worker -> service
        self.waiting = collections.defaultdict(list)
        self.most_waiting = collections.Counter()
        self.dropped = 0                                  # what it could not read
        self.ending = False

    def run(self):
        beat = time.monotonic() + HEARTBEAT
        while not self.ending:
            if self.socket.poll(20):
                self.take(self.socket.recv_multipart())
            if time.monotonic() > beat:
                for worker in self.known:
                    self.socket.send_multipart([worker, b"", b"MDPW01", b"\4"])
                beat = time.monotonic() + HEARTBEAT
        self.socket.close()

    def take(self, frames):
        sender, empty, header, *rest = [*frames, b"", b""][:max(3, len(frames))]
        if empty != b"" or header not in (b"MDPC01", b"MDPW01"):
            self.dropped += 1
        elif header == b"MDPC01":
            self.take_client(sender, rest[0], rest[1:])
        else:
            self.take_worker(sender, rest[0], rest[1:])

    def take_client(self, client, service, body):
        if service.startswith(b"mmi."):
            there = service == b"mmi.service" and body[-1] in self.known.values()
            code = b"501" if service != b"mmi.service" else b"200" if there else b"404"
            self.socket.send_multipart([client, b"", b"MDPC01", service, code])
            return
        self.waiting[service].append((client, body))
        self.most_waiting[service] = max(self.most_waiting[service], len(self.waiting[service]))
        self.dispatch(service)

    def take_worker(self, worker, command, rest):
        if command == b"\1":
            self.known[worker] = rest[0]
            self.idle[rest[0]].append(worker)
            self.dispatch(rest[0])
        elif command == b"\3" and worker in self.known:
            service = self.known[worker]
            self.socket.send_multipart([rest[0], b"", b"MDPC01", service, *rest[2:]])
            self.idle[service].append(worker)
            self.dispatch(service)
        elif command == b"\5":
            service = self.known.pop(worker, None)
            if service and worker in self.idle[service]:
                self.idle[service].remove(worker)

    def dispatch(self, service):
        while self.waiting[service] and self.idle[service]:
            client, body = self.waiting[service].pop(0)
            self.socket.send_multipart([self.idle[service].pop(0), b"", b"MDPW01", b"\2", client, b"", *body])

"""Clients of all forms and workers that leave, die, lie and come back, at random: each request ends exactly once, with its own
answer or a notice. The seed is printed when it fails; KEEL_SEED runs it again."""
import collections
import os
import random

import zmq

import keeltest
import loopback
import mdp

REQUESTS = 3000
SERVICES = [b"a", b"b", b"c"]
FORMS = ("led1", "led2")


class Chaos(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("KEEL_SEED", random.randrange(1 << 32)))
        self.random = random.Random(self.seed)
        self.mdbroker = self.broker("--bind", loopback.ANY_PORT, "--max-attempts", 0, "--limit-pipe", 50000)
        self.ways = [*self.mdbroker.endpoints(2), self.hop(self.mdbroker)]
        self.poller = zmq.Poller()
        self.workers, self.clients = {}, {}
        self.open = collections.Counter()                   # (client, body) of requests that are not ended
        self.ended = 0

    def new_worker(self, service):
        form = self.random.choice(["led1", "bare1", "strict2", "led2"])
        worker = self.worker(self.random.choice(self.ways[:2]), service, form, self.random.choice([None, 1, 3, 40]), ready=False)
        worker.ready()
        self.workers[worker.socket] = worker
        self.poller.register(worker.socket, zmq.POLLIN)

    def drop_worker(self, worker):
        self.poller.unregister(worker.socket)
        del self.workers[worker.socket]
        worker.close()
        self.new_worker(worker.service)

    def misbehave(self, worker, token, body):
        """In one of the ways that must not harm the request."""
        kind = self.random.randrange(7)
        if kind == 0:                                       # dies
            self.drop_worker(worker)
        elif kind == 1:                                     # leaves and comes back
            worker.send("disconnect")
            worker.ready()
        elif kind == 2:                                     # forgets that it is registered
            worker.ready()
        elif kind == 3:                                     # lies, then tells the truth, twice
            worker.final(b"%016x" % self.random.getrandbits(64), b"lie")
            worker.final(token, *body)
            worker.final(token, b"again")
        elif kind == 4:
            worker.put(*[self.random.randbytes(5) for _ in range(3)])
            worker.final(token, *body)
        elif kind == 5:
            worker.send("heartbeat")
            worker.final(token, *body)
        elif worker.form.version == 2:                      # in two parts
            worker.partial(token, b"part")
            worker.final(token, *body)
        else:
            worker.final(token, *body)

    def serve(self, worker):
        name, rest = worker.understand(worker.socket.recv_multipart())
        if name == "disconnect":
            worker.ready()
        elif name == "request":
            if self.random.random() < 0.1:
                self.misbehave(worker, rest[0], rest[2:])
            else:
                worker.final(rest[0], *rest[2:])

    def end(self, client):
        reply = client.recv()
        if reply.kind == "partial":
            self.assertEqual(reply.body, [b"part"])
            return
        if reply.service == b"mmi.error":
            self.assertEqual(reply.body[0], b"502")         # lost after a part of the answer was seen
        elif reply.body[0] == b"part":
            reply.body.pop(0)
        key = (client, reply.extra[-1])
        self.assertEqual(self.open[key], 1, reply)
        if reply.service != b"mmi.error":
            self.assertEqual(reply.body, [reply.extra[-1], b"", reply.service])
        self.open[key] = 0
        self.ended += 1

    def ask(self):
        """The request's body is its own mark, so that an answer to another one shows."""
        client, service, mark = self.random.choice(list(self.clients.values())), self.random.choice(SERVICES), mdp.wishes()
        client.send(service, mark, b"", service, extra=[b"outer", mark])
        self.open[(client, mark)] += 1

    def new_client(self, form, way):
        client = self.client(way, form)
        self.clients[client.socket] = client
        self.poller.register(client.socket, zmq.POLLIN)

    def test_each_request_ends_once(self):
        print("seed", self.seed, end=" ", flush=True)
        for way in self.ways:
            for form in FORMS:
                self.new_client(form, way)
        for service in SERVICES * 3:
            self.new_worker(service)
        asked = 0
        while self.ended < REQUESTS:
            while asked < REQUESTS and asked - self.ended < 200:
                self.ask()
                asked += 1
            ready = self.poller.poll(keeltest.DEADLINE * 1000)
            self.assertTrue(ready, f"{asked - self.ended} of {asked} requests hang: {self.client(self.mdbroker).stats()}")
            for socket, _ in ready:
                if socket in self.workers:
                    self.serve(self.workers[socket])
                elif socket in self.clients:
                    self.end(self.clients[socket])
        stats = self.balanced(self.mdbroker)
        self.assertEqual((stats["waiting"], stats["held"], stats["accepted"]), (0, 0, REQUESTS))
        self.assertGreater(stats["requeued"], 0)


if __name__ == "__main__":
    keeltest.main()

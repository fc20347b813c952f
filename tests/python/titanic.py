"""One mdbroker and one titanic that can be killed and started again, and TSP over a raw MDP client."""
import json
import os
import time
import uuid as uuids

import zmq

import keeltest
from keeltest import eventually


def new_uuid():
    return uuids.uuid4().hex.upper().encode()


class Case(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.data = self.path("data")
        self.admin = self.ipc()

    def titanic(self, broker, *args):
        """A titanic whose services answer."""
        titanic = self.start("titanic", "--broker", getattr(broker, "endpoint", broker), "--data", self.data, "--admin", self.admin, *args)
        titanic.says(r"listening on (\S+)")
        for service in (b"titanic.request", b"titanic.reply", b"titanic.close", b"titanic.submit"):
            self.registered(broker, service)
        return titanic

    def station(self, *args):
        broker = self.broker()
        return broker, self.titanic(broker, *args)

    def tsp(self, broker):
        return Tsp(self.client(broker))

    def ask(self, *words):
        """An operator's question: (code, JSON or reason)."""
        socket = self.context.socket(zmq.REQ)
        socket.linger = 0
        socket.connect(self.admin)
        socket.send_multipart([word if isinstance(word, bytes) else str(word).encode() for word in words])
        self.assertTrue(socket.poll(15000), f"no answer to {words}")
        code, text = socket.recv_multipart()
        socket.close()
        return int(code), json.loads(text) if code == b"200" else text.decode()

    def stats(self):
        return self.ask("stats")[1]

    def disk(self):
        return sum(os.stat(os.path.join(self.data, name)).st_blocks * 512 for name in os.listdir(self.data))


class Tsp:
    """Frames of a status and what follows."""

    def __init__(self, client):
        self.client = client

    def call(self, service, *body):
        answer = self.client.call(b"titanic." + service, *body).body
        return int(answer[0][:3]), answer[0][4:], answer[1:]

    def request(self, service, *body):
        code, text, rest = self.call(b"request", service, *body)
        if code != 200:
            raise AssertionError(f"request says {code} {text}")
        return rest[0]

    def reply(self, uuid):
        code, _, rest = self.call(b"reply", uuid)
        return code, rest

    def close(self, uuid):
        return self.call(b"close", uuid)[0]

    def wait(self, uuid, seconds=keeltest.DEADLINE):
        def done():
            code, rest = self.reply(uuid)
            if code not in (200, 300):
                raise AssertionError(f"reply says {code}")
            return [rest] if code == 200 else None
        return eventually(done, "the reply is stored", seconds)[0]

    def flood(self, service, count, size=64):
        """Requests, many outstanding, all of which must be stored."""
        done = sent = 0
        end = time.monotonic() + 60
        while done < count:
            while sent < count and sent - done < 500:
                self.client.send(b"titanic.request", service, b"%d" % sent + b"." * size)
                sent += 1
            reply = self.client.recv()
            if reply.body[0] != b"200" or time.monotonic() > end:
                raise AssertionError(f"request says {reply.body}")
            done += 1

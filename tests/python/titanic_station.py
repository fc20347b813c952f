"""One mdbroker and one titanic, whose parts can be killed and started again, for tests of what Titanic promises."""
import contextlib
import json
import os
import threading
import uuid

import zmq

import keeltest
import mdp
from keeltest import eventually

REQUEST, REPLY, CLOSE, SUBMIT = b"titanic.request", b"titanic.reply", b"titanic.close", b"titanic.submit"

#   A worker's command: notes each execution, then echoes.
NOTED = 'body=$(cat); echo "$body" >> "$0"; printf %s "$body"'


def new_uuid():
    return uuid.uuid4().hex.upper()


class Station(keeltest.Case):
    """The broker is at one endpoint, the store in one directory, whichever processes come and go."""

    broker_options = ("--heartbeat", 500)
    titanic_options = ("--heartbeat", 500)

    def setUp(self):
        super().setUp()
        self.endpoint, self.admin, self.data = self.ipc(), self.ipc(), self.path("data")
        self.mdbroker = self.titanic = None
        self.start_lock = threading.Lock()

    #   Programs number their files by what is in the folder.
    def start(self, name, *args, **options):
        with self.start_lock:
            return super().start(name, *args, **options)

    def start_broker(self):
        self.mdbroker = self.start("mdbroker", "--bind", self.endpoint, *self.broker_options)
        self.mdbroker.says("listening on")

    def start_titanic(self, *options, data=None):
        self.titanic = self.start("titanic", "--broker", self.endpoint, "--data", data or self.data, "--admin", self.admin,
                                  *self.titanic_options, *options)

    def open(self, *options):
        self.start_broker()
        self.start_titanic(*options)
        self.ready()

    def ready(self):
        eventually(lambda: (self.ask(REPLY, new_uuid().encode(), seconds=1) or [b""])[0][:3] == b"400", "titanic answers")

    def restart_titanic(self, *options):
        self.titanic.kill()
        self.start_titanic(*options)
        self.ready()

    # ---- raw questions

    def ask(self, service, *body, seconds=5):
        """The body of the answer, or None."""
        client = mdp.Client(self.context, self.endpoint, mdp.CLIENT_FORMS["led1"])
        try:
            client.send(service, *body)
            return client.recv(seconds).body
        except AssertionError:
            return None
        finally:
            client.close()

    def status(self, uuid):
        """Of titanic.reply: the code and the body."""
        answer = self.ask(REPLY, uuid.encode())
        self.assertTrue(answer, "titanic.reply is not answered")
        return int(answer[0][:3]), answer[1:]

    def store(self, service, *body):
        """titanic.request that has to be stored; its uuid."""
        answer = self.ask(REQUEST, service.encode(), *body)
        self.assertTrue(answer and answer[0][:3] == b"200", answer)
        return answer[1].decode()

    def reply(self, uuid, seconds=keeltest.DEADLINE):
        """Waits for it."""
        eventually(lambda: self.status(uuid)[0] == 200, f"{uuid} has a reply", seconds)
        return self.status(uuid)[1]

    # ---- programs

    def ticlient(self, code, *words):
        """What it prints."""
        program = self.runs_to(code, "ticlient", "--broker", self.endpoint, "--titanic", self.admin, *words)
        return program.out()

    def operator(self, *words, code=0):
        """What an admin command gives."""
        return json.loads(self.ticlient(code, "--json", "admin", *words))

    def listed(self, *words):
        return self.operator("list", *words)["requests"]

    def noting_worker(self, service, *options, script=NOTED):
        """An mdworker whose executions are in a file."""
        return self.start("mdworker", "--broker", self.endpoint, "--heartbeat", 500, *options, service, "--", "/bin/sh", "-c", script,
                          self.path("executions"))

    def executions(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.path("executions"), encoding="ascii") as file:
                return file.read().split()
        return []

    def size(self):
        return sum(os.stat(os.path.join(at, name)).st_blocks * 512 for at, _, names in os.walk(self.data) for name in names)

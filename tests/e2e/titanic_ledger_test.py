"""A ledger of what was acknowledged, while titanic, mdbroker and the workers are killed (kill -9) at random moments: nothing that
was stored is lost, and each reply is that of its request. Executions beyond the first are counted. KEEL_SECONDS says how long,
KEEL_SEED which moments."""
import collections
import os
import random
import threading
import time

import keeltest
from keeltest import eventually
from titanic_station import REQUEST, SUBMIT, Station, new_uuid

SECONDS = float(os.environ.get("KEEL_SECONDS", 10))
WORKERS = 3


class Ledger(Station):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("KEEL_SEED", random.randrange(1 << 32)))
        self.random = random.Random(self.seed)
        self.stored = {}                                    # uuid: body, of what was acknowledged
        self.doubtful = {}                                  # the same, of what was sent and not acknowledged
        self.stopping = threading.Event()
        self.kills = collections.Counter()
        self.workers = []

    # ---- those who submit

    def submit_by_program(self, number):
        """ticlient, with its retries under one uuid."""
        count = 0
        while not self.stopping.is_set():
            uuid, body = new_uuid(), f"program-{number}-{count}"
            program = self.start("ticlient", "--broker", self.endpoint, "-t", 500, "-r", 6, "--uuid", uuid, "submit", "ledger", body)
            (self.doubtful if program.exits() else self.stored)[uuid] = body
            count += 1

    def submit_by_hand(self, number, service):
        """A stock client that sends once; or, under a uuid of its own, until it is stored."""
        count = 0
        while not self.stopping.is_set():
            uuid, body = new_uuid(), f"hand-{number}-{count}"
            head = [uuid.encode()] if service == SUBMIT else []
            answer = self.ask(service, *head, b"ledger", body.encode(), seconds=0.5)
            if answer and answer[0] == b"200":
                self.stored[answer[1].decode()] = body
            elif service == SUBMIT:
                self.doubtful[uuid] = body
            count += 1

    def begin(self):
        self.threads = [threading.Thread(target=self.submit_by_program, args=(1,)),
                        threading.Thread(target=self.submit_by_hand, args=(2, REQUEST)),
                        threading.Thread(target=self.submit_by_hand, args=(3, SUBMIT))]
        for thread in self.threads:
            thread.start()
        self.addCleanup(self.end)

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    # ---- those who die

    def new_worker(self):
        self.workers.append(self.noting_worker("ledger", "-j", 4))

    def strike(self):
        victim = self.random.choice(["titanic", "titanic", "mdbroker", "worker"])
        self.kills[victim] += 1
        if victim == "worker":
            self.workers.pop(self.random.randrange(len(self.workers))).kill()
        else:
            getattr(self, victim).kill()
        time.sleep(self.random.uniform(0, 0.3))              # how long it is away
        if victim == "worker":
            self.new_worker()
        elif victim == "titanic":
            self.start_titanic()
        else:
            self.start_broker()

    # ---- what must be so

    def check(self):
        executed = collections.Counter(self.executions())
        for uuid, body in self.stored.items():
            self.assertEqual(self.reply(uuid, 60), [body.encode()])
            self.assertGreaterEqual(executed[body] or self.executions().count(body), 1)
        there = 0
        for uuid, body in self.doubtful.items():
            eventually(lambda one=uuid: self.status(one)[0] != 300, "no request waits for ever", 60)
            code, reply = self.status(uuid)
            self.assertIn((code, reply), [(200, [body.encode()]), (400, [])])
            there += code == 200
        executed = collections.Counter(self.executions())
        bodies = set(self.stored.values()) | set(self.doubtful.values())
        twice = sum(count - 1 for body, count in executed.items() if body in bodies)
        print(f"{len(self.stored)} acknowledged, none lost; {there} of {len(self.doubtful)} others stored; killed {dict(self.kills)}; "
              f"{twice} executions too many", end=" ", flush=True)

    def test_nothing_acknowledged_is_lost(self):
        print("seed", self.seed, end=" ", flush=True)
        self.open()
        for _ in range(WORKERS):
            self.new_worker()
        self.begin()
        stop = time.monotonic() + SECONDS
        while time.monotonic() < stop:
            time.sleep(self.random.uniform(0.05, 0.8))        # the moments are what is drawn
            self.strike()
        self.end()
        self.ready()
        self.assertGreater(len(self.stored), 10)
        self.check()
        for uuid in [*self.stored, *self.doubtful]:
            self.ticlient_close(uuid)
        self.restart_titanic()
        left = {one["uuid"] for one in self.listed("--limit", 1000)}
        self.assertFalse(left & {*self.stored, *self.doubtful})

    def ticlient_close(self, uuid):
        eventually(lambda: self.ask(b"titanic.close", uuid.encode()) == [b"200"], "it is closed")


if __name__ == "__main__":
    keeltest.main()

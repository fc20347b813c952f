"""What Titanic promises, with the real titanic, mdbroker, mdworker and ticlient."""
import os
import random
import shutil
import signal
import subprocess
import threading
import time
import unittest

import keeltest
from keeltest import eventually
from titanic_station import CLOSE, REQUEST, Station, new_uuid

SLOW = 'body=$(cat); echo "$body" >> "$0"; sleep 5; printf %s "$body"'
GATED = 'body=$(cat); echo "$body" >> "$0"; until test -e "$0.go"; do sleep 0.02; done; printf %s "$body"'


class Execution(Station):
    def test_a_slow_service_is_executed_once(self):
        """Slower than any timeout of the heartbeats between the three."""
        self.open()
        self.noting_worker("slow", script=SLOW)
        self.assertEqual(self.ticlient(0, "call", "slow", "x"), "x\n")
        self.assertEqual(self.executions(), ["x"])
        self.assertEqual(self.listed(), [])

    def test_a_close_while_it_runs_leaves_nothing(self):
        self.open()
        self.noting_worker("gated", script=GATED)
        uuid = self.ticlient(0, "submit", "gated", "x").strip()
        eventually(self.executions, "it runs")
        self.ticlient(0, "close", uuid)
        self.file("executions.go", "")
        self.assertEqual(self.ticlient(0, "call", "gated", "y"), "y\n")        # the worker has answered x before
        self.assertEqual(self.status(uuid)[0], 400)
        self.assertEqual(self.listed(), [])
        self.restart_titanic()
        self.assertEqual(self.status(uuid)[0], 400)
        self.assertEqual((self.listed(), self.executions()), ([], ["x", "y"]))

    def test_client_and_worker_need_not_be_there_at_once(self):
        self.open()
        uuid = self.ticlient(0, "submit", "later", "two", "frames").strip()
        self.ticlient(3, "fetch", uuid)
        self.restart_titanic()
        self.start("mdworker", "--broker", self.endpoint, "later")
        self.assertEqual(self.ticlient(0, "--wait", 15000, "fetch", uuid), "two\nframes\n")
        self.titanic.signal(signal.SIGTERM)
        self.assertEqual(self.titanic.exits(), 0)
        self.start_titanic()
        self.ready()
        self.assertEqual(self.ticlient(0, "fetch", uuid.lower()), "two\nframes\n")
        self.ticlient(0, "close", uuid)
        self.ticlient(4, "fetch", uuid)

    def test_what_was_submitted_twice_is_stored_once(self):
        self.open()
        uuid = new_uuid()
        for body in "first", "second":
            self.assertEqual(self.ticlient(0, "--uuid", uuid, "submit", "later", body), uuid + "\n")
        self.restart_titanic()
        self.ticlient(0, "--uuid", uuid, "submit", "elsewhere", "third")
        self.assertEqual([one["uuid"] for one in self.listed()], [uuid])
        self.noting_worker("later")
        self.assertEqual(self.ticlient(0, "--wait", 15000, "fetch", uuid), "first\n")
        self.ticlient(0, "close", uuid)
        self.ticlient(0, "--uuid", uuid, "submit", "later", "fourth")
        self.ticlient(4, "fetch", uuid)
        self.assertEqual(set(self.executions()), {"first"})    # the one that was killed may have left it with the broker

    def test_a_service_without_workers_delays_no_other(self):
        self.open()
        self.runs_to(0, "mdbench", "--broker", self.endpoint, "--titanic", "request", "--role", "client", "--service", "dead",
                     "--count", 10000, "--window", 500, "--timeout", 30000)
        self.start("mdworker", "--broker", self.endpoint, "live")
        for n in range(10):
            self.assertEqual(self.ticlient(0, "--wait", 3000, "call", "live", n), f"{n}\n")
        self.assertEqual(self.operator("--service", "dead", "purge"), {"purged": 10000})

    def test_no_titanic(self):
        self.start_broker()
        program = self.runs_to(1, "ticlient", "--broker", self.endpoint, "-t", 300, "-r", 1, "submit", "echo", "x")
        self.assertIn("is titanic running", program.err())


class Operator(Station):
    broker_options = ("--heartbeat", 500, "--max-attempts", 1)

    def test_requests_in_each_state(self):
        self.open("--max-attempts", 1)
        self.start("mdworker", "--broker", self.endpoint, "echo")
        self.start("mdworker", "--broker", self.endpoint, "bad", "--", "/bin/false")
        done, dead, waits = (self.store(service, b"x", b"yz") for service in ("echo", "bad", "later"))
        eventually(lambda: self.status(dead)[0] == 500, "it is dead")
        self.reply(done)
        self.ticlient(5, "fetch", dead)
        states = {one["uuid"]: one["state"] for one in self.listed()}
        self.assertEqual(states, {done: "done", dead: "dead", waits: "pending"})
        for uuid, state in states.items():
            self.assertEqual([one["uuid"] for one in self.listed("--state", state)], [uuid])
        self.assertEqual([one["uuid"] for one in self.listed("--service", "later")], [waits])
        self.assertEqual(self.listed("--age", 3600000), [])
        self.assertEqual([one["uuid"] for one in self.listed("--limit", 1)], [done])
        self.assertTrue(self.operator("list", "--limit", 1)["more"])
        shown = self.operator("show", dead)
        self.assertEqual((shown["uuid"], shown["service"], shown["attempts"], shown["frames"], shown["bytes"]), (dead, "bad", 1, 2, 3))
        self.assertTrue(shown["reason"])
        self.assertIn("reason", self.ticlient(0, "admin", "show", dead))
        self.assertIn(dead, self.ticlient(0, "admin", "list"))
        self.ticlient(4, "admin", "show", new_uuid())
        stats = self.operator("stats")
        self.assertTrue(stats and all(key for key in stats))
        self.assertTrue(self.ticlient(0, "admin", "stats"))

    def test_what_is_mended_runs_again(self):
        self.open("--max-attempts", 1)
        bad = self.start("mdworker", "--broker", self.endpoint, "mended", "--", "/bin/false")
        uuids = [self.store("mended", b"%d" % n) for n in range(5)]
        eventually(lambda: len(self.listed("--state", "dead")) == 5, "all are dead")
        bad.signal(signal.SIGTERM)
        bad.exits()
        self.noting_worker("mended")
        self.assertEqual(self.operator("requeue", uuids[0])["requeued"], 1)
        self.assertEqual(self.reply(uuids[0]), [b"0"])
        self.assertEqual(self.operator("--service", "mended", "requeue"), {"requeued": 4})
        for n, uuid in enumerate(uuids):
            self.assertEqual(self.reply(uuid), [b"%d" % n])
        self.ticlient(4, "admin", "requeue", uuids[0])
        self.assertEqual(sorted(self.executions()), list("01234"))

    def test_purge(self):
        self.open()
        keeps, other = self.store("keeps", b"x"), self.store("other", b"x")
        for _ in range(5):
            self.store("goes", b"x")
        self.assertEqual(self.operator("--service", "goes", "--state", "dead", "purge"), {"purged": 0})
        self.assertEqual(self.operator("--service", "goes", "purge"), {"purged": 5})
        self.assertEqual(self.operator("purge", other)["purged"], 1)
        self.assertEqual([one["uuid"] for one in self.listed()], [keeps])
        self.restart_titanic()
        self.assertEqual([one["uuid"] for one in self.listed()], [keeps])
        self.assertEqual(self.status(other)[0], 400)


class Backup(Station):
    def setUp(self):
        super().setUp()
        self.stopping, self.stored, self.writer = threading.Event(), [], threading.Thread(target=self.go_on)

    def go_on(self):
        """Stores requests for as long as the test goes on."""
        while not self.stopping.is_set():
            answer = self.ask(REQUEST, b"later", b"meanwhile")
            if answer and answer[0] == b"200":
                self.stored.append(answer[1].decode())

    def begin(self):
        self.writer.start()
        self.addCleanup(self.end)
        self.grows()

    def grows(self):
        before = len(self.stored)
        eventually(lambda: len(self.stored) > before + 5, "requests are stored")

    def end(self):
        self.stopping.set()
        self.writer.join()

    def test_what_the_files_were_at_any_moment_can_be_gone_on_with(self):
        self.open()
        self.begin()
        copies = []
        for n in range(4):
            self.grows()
            time.sleep(random.uniform(0, 0.05))               # the moment is what is drawn
            self.titanic.signal(signal.SIGSTOP)
            copies.append((shutil.copytree(self.data, self.path(f"copy{n}")), list(self.stored)))
            self.titanic.signal(signal.SIGCONT)
        self.end()
        for copy, stored in copies:
            self.titanic.kill()
            self.start_titanic(data=copy)
            self.ready()
            for uuid in stored:
                self.assertEqual(self.status(uuid)[0], 300)

    def test_a_copy_that_is_made_while_clients_submit_has_all_that_was_there_before(self):
        self.open()
        self.start("mdworker", "--broker", self.endpoint, "echo")
        done, waits = self.store("echo", b"done"), self.store("later", b"waits")
        self.reply(done)
        self.begin()
        before, copy = list(self.stored), self.path("copy")
        self.assertEqual(self.operator("backup", copy), {"path": copy})
        self.grows()
        self.end()
        self.assertEqual(self.ticlient(1, "admin", "backup", copy), "")           # it is there already
        self.titanic.kill()
        shutil.rmtree(self.data)
        self.start_titanic(data=copy)
        self.ready()
        self.assertEqual(self.status(done), (200, [b"done"]))
        for uuid in [waits, *before]:
            self.assertEqual(self.status(uuid)[0], 300)
        self.start("mdworker", "--broker", self.endpoint, "later")
        self.assertEqual(self.reply(waits), [b"waits"])
        for uuid in before:
            self.assertEqual(self.reply(uuid), [b"meanwhile"])


@unittest.skipUnless(os.geteuid() == 0, "only root can mount a small disk")
class FullDisk(Station):
    def setUp(self):
        super().setUp()
        os.mkdir(self.data)
        self.mount("size=24m")
        self.addCleanup(subprocess.run, ["umount", "-l", self.data], check=False)

    def mount(self, options):
        """False: even root may not, in some containers."""
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.data], capture_output=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"cannot mount: {done.stderr.decode().strip()}")

    def fill(self):
        """Until a request is refused; the answer."""
        for _ in range(1000):
            answer = self.ask(REQUEST, b"later", os.urandom(100000))
            self.assertTrue(answer, "no answer")
            if answer[0][:3] != b"200":
                return answer
            self.uuids.append(answer[1].decode())
        raise AssertionError("the disk is never full")

    def test_a_full_disk_refuses_and_recovers(self):
        self.open("--map-size", "1G")
        self.start("mdworker", "--broker", self.endpoint, "echo")
        done = self.store("echo", b"done")
        self.reply(done)
        self.uuids = []
        answer = self.fill()
        self.assertEqual(answer[0][:4], b"500 ", answer)
        self.assertGreater(len(answer[0]), 8)
        self.titanic.says("store full|commit failed")
        self.assertGreater(len(self.uuids), 20)
        self.assertEqual(self.status(done), (200, [b"done"]))
        self.assertEqual(self.status(self.uuids[0])[0], 300)
        self.runs_to(1, "ticlient", "--broker", self.endpoint, "submit", "later", "x" * 100000)
        for uuid in self.uuids[:len(self.uuids) // 2]:
            self.assertEqual(self.ask(CLOSE, uuid.encode()), [b"200"])
        kept = self.uuids[len(self.uuids) // 2:]
        eventually(lambda: self.ask(REQUEST, b"later", b"after")[0] == b"200", "it stores again")
        self.fill()
        self.mount("remount,size=48m")
        eventually(lambda: self.ask(REQUEST, b"later", os.urandom(100000))[0] == b"200", "the disk has grown, and it stores again")
        self.assertTrue(self.titanic.running())
        self.restart_titanic("--map-size", "1G")
        for uuid in kept:
            self.assertEqual(self.status(uuid)[0], 300)
        self.assertEqual(self.status(self.uuids[0])[0], 400)


if __name__ == "__main__":
    keeltest.main()

"""ppworker against a queue that is a bare ROUTER, played by the test."""
import os
import random
import signal
import time

import keeltest
from bare_queue import HEARTBEAT, READY, BareQueue
from keeltest import eventually


class PpworkerTest(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.queue = self.new_queue()

    def new_queue(self, *args):
        queue = BareQueue(self.context, *args)
        self.addCleanup(queue.close)
        return queue

    def worker(self, *words, queue=None):
        """A ppworker that has said READY."""
        queue = queue or self.queue
        worker = self.start("ppworker", "--queue", queue.endpoint, *words)
        queue.expect(READY)
        return worker

    def stop(self, worker):
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.exits(), 0)
        self.assertIsNone(self.queue.next(0), "it leaves without a word")

    def held(self, *options):
        """A worker whose command has begun with c1's request and waits for the gate."""
        gate, begun = self.path("gate"), self.path("begun")
        script = f"echo $$ > {begun}.new; mv {begun}.new {begun}; while ! test -e {gate}; do sleep 0.01; done; echo done"
        worker = self.worker(*options, "--", "sh", "-c", script)
        self.queue.send(b"c1", b"", b"x")
        eventually(lambda: os.path.exists(begun), "the command begins")
        with open(begun, encoding="ascii") as file:
            return worker, gate, int(file.read())

    @staticmethod
    def runs(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                return ") Z " not in stat.read()
        except OSError:
            return False

    # ---- requests

    def test_echo_gives_envelope_and_body_back(self):
        worker = self.worker()
        for envelope in ([], [b"client"], [b"\0\xff\0", b"\2"], [bytes([n]) * 255 for n in range(9)]):
            for body in ([b"hello"], [b""], [b"a", b"", b"\0\xff"], [b"\1"], [b"x" * (1 << 20)]):
                self.queue.exchange(*envelope, b"", *body)
        self.stop(worker)

    def test_command(self):
        worker = self.worker("--", "tr", "a-z", "A-Z")
        self.queue.send(b"c1", b"hop", b"", b"he", b"", b"llo")
        self.queue.expect(b"c1", b"hop", b"", b"HELLO")
        big = b"x" * (4 << 20)
        self.queue.send(b"c1", b"", big)
        self.queue.expect(b"c1", b"", big.upper())
        self.stop(worker)

    def test_failing_command_gives_back_and_goes_on(self):
        worker = self.worker("--", "sh", "-c", "read -r what; test $what = good && exec echo fine; echo because >&2; exit 3")
        for _ in range(3):
            self.queue.send(b"c1", b"", b"bad\n")
            self.queue.expect(READY)
        self.queue.send(b"c1", b"", b"good\n")
        self.queue.expect(b"c1", b"", b"fine\n")
        self.assertRegex(worker.err(), "exit status 3; request given back: because")
        self.stop(worker)

    def test_command_that_cannot_be_run(self):
        worker = self.worker("--", "/no/such/command")
        self.queue.send(b"c1", b"", b"x")
        self.queue.expect(READY)
        self.assertIn("/no/such/command: cannot be run", worker.err())
        self.stop(worker)

    def test_hanging_command_gives_back(self):
        worker = self.worker("--timeout", 100, "--", "sh", "-c", "echo stuck >&2; sleep 1000 & sleep 1000")
        self.queue.send(b"c1", b"", b"x")
        self.queue.expect(READY)
        self.assertRegex(worker.err(), "no end within 100 ms; request given back: stuck")
        self.stop(worker)

    # ---- heartbeats

    def test_heartbeats_while_the_command_runs(self):
        worker, gate, _ = self.held("--heartbeat", 50, "--liveness", 1000)
        before = self.queue.beats
        eventually(lambda: self.queue.next(0.01) or self.queue.beats >= before + 5, "five heartbeats")
        open(gate, "w", encoding="ascii").close()
        self.queue.expect(b"c1", b"", b"done\n")
        self.stop(worker)

    def test_ready_again_after_silence(self):
        worker = self.worker("--heartbeat", 50, "--liveness", 2)
        self.queue.send(HEARTBEAT)
        worker.says("registered")
        first, start = self.queue.peer, time.monotonic()
        self.serves_again()
        self.assertNotEqual(self.queue.peer, first)
        self.assertGreater(time.monotonic() - start, 0.5)      # the first pause is 0.5 to 1 s
        worker.says("silent")
        worker.kill()

    def serves_again(self):
        """READY comes; so does an answer, once the request goes out soon enough after it."""
        request = [b"c1", b"", b"x"]
        self.queue.expect(READY)
        got = [READY]
        while got == [READY]:
            self.queue.send(*request)
            got = self.queue.next()
        self.assertEqual(got, request)

    def test_garbage_is_no_sign_of_life(self):
        worker = self.worker("--heartbeat", 50, "--liveness", 2)
        first = self.queue.peer

        def ready_from_another():
            got = self.queue.next(0.02)
            if got is None:
                self.queue.send(b"\3")
            return got == [READY] and self.queue.peer != first
        eventually(ready_from_another, "READY again, whatever else is said")
        worker.kill()

    def test_queue_that_restarts_is_found(self):
        endpoint = self.ipc()
        first = self.new_queue(endpoint)
        worker = self.worker(queue=first)
        first.send(HEARTBEAT)
        first.close()
        self.queue = self.new_queue(endpoint)
        self.queue.expect(READY)
        self.queue.exchange(b"c1", b"", b"x")
        self.stop(worker)

    def test_next_queue_of_the_list(self):
        worker = self.start("ppworker", "--queue", self.ipc(), "--queue", self.queue.endpoint)
        self.queue.expect(READY)
        self.queue.exchange(b"c1", b"", b"x")
        self.stop(worker)

    # ---- a hostile queue

    def test_garbage(self):
        worker = self.worker()
        dice = random.Random(6)
        for _ in range(2000):
            size = dice.choice((1, 1, 2, 3, 5, 14))
            self.queue.send(*[dice.randbytes(dice.choice((0, 1, 1, 5, 255, 300))) for _ in range(size)])
        mark = [b"the mark", b"", b"after"]
        self.queue.send(*mark)

        def echoed():
            got = self.queue.next()
            if got == [READY]:                 # one request was more than it takes: all of them were given back
                self.queue.send(*mark)
            return got == mark
        eventually(echoed, "the mark comes back")
        worker.kill()

    def test_more_frames_than_it_takes(self):
        worker = self.worker()
        self.queue.send(b"c1", b"", *[b"x"] * 3000)
        self.queue.expect(READY)
        self.queue.exchange(b"c1", b"", *[b"x"] * 1000)
        self.stop(worker)

    def test_second_request_is_given_back_after_the_first(self):
        worker, gate, _ = self.held()
        self.queue.send(b"c2", b"", b"x")
        self.assertIsNone(self.queue.next(0.2))
        open(gate, "w", encoding="ascii").close()
        self.queue.expect(b"c1", b"", b"done\n")
        self.queue.expect(READY)
        self.stop(worker)

    # ---- the end

    def test_sigterm_finishes_the_request(self):
        worker, gate, _ = self.held()
        worker.signal(signal.SIGTERM)
        self.assertIsNone(self.queue.next(0.2))
        self.assertTrue(worker.running())
        open(gate, "w", encoding="ascii").close()
        self.queue.expect(b"c1", b"", b"done\n")
        self.assertEqual(worker.exits(), 0)

    def test_second_sigterm_ends_at_once(self):
        worker, _, command = self.held()
        worker.signal(signal.SIGTERM)
        #   Until the first has been taken, a second one would be no second.
        eventually(lambda: not int(self.pending(worker), 16) & 1 << signal.SIGTERM - 1, "SIGTERM is taken")
        self.assertIsNone(self.queue.next(0.2))
        self.assertTrue(worker.running())
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.exits(), 1)
        eventually(lambda: not self.runs(command), "the command is killed")

    @staticmethod
    def pending(worker):
        with open(f"/proc/{worker.pid}/status", encoding="ascii") as status:
            return dict(line.split(":", 1) for line in status)["ShdPnd"]

    def test_sigterm_without_any_queue(self):
        worker = self.start("ppworker", "-v", "-v", "--queue", self.ipc())
        worker.says("READY")
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.exits(), 0)

    def test_killed_worker_and_its_successor(self):
        worker, gate, command = self.held()
        worker.kill()
        os.kill(command, signal.SIGKILL)       # it has outlived its parent
        open(gate, "w", encoding="ascii").close()
        other = self.worker()
        self.queue.exchange(b"c1", b"", b"x")
        self.stop(other)

    def test_frozen_worker_comes_back(self):
        worker = self.worker("--heartbeat", 50, "--liveness", 3)
        worker.signal(signal.SIGSTOP)
        first = self.queue.peer
        eventually(lambda: self.queue.next(0.3) is None and not self.beaten(), "no more heartbeats")
        worker.signal(signal.SIGCONT)
        self.serves_again()                    # what it heard, it heard long ago
        self.assertNotEqual(self.queue.peer, first)
        worker.kill()

    def beaten(self):
        """Any heartbeat within 300 ms?"""
        before = self.queue.beats
        self.queue.next(0.3)
        return self.queue.beats != before

    def test_usage(self):
        for words in (["cat"], ["--queue", "nonsense"], ["--heartbeat", "x"], ["--liveness", "0"], ["--concurrency", "2"]):
            self.assertTrue(self.runs_to(64, "ppworker", *words).err(), words)


if __name__ == "__main__":
    keeltest.main()

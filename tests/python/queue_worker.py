"""What ppworker and spworker have in common, as test cases against a queue that is a bare ROUTER (bare_queue.py)."""
import os
import signal

import keeltest
from bare_queue import READY, BareQueue
from keeltest import eventually


class QueueWorkerCases(keeltest.Case):
    """PROGRAM says READY, and echoes or runs a command; a subclass adds what is its own."""
    PROGRAM = None
    SIMPLE = False

    def setUp(self):
        super().setUp()
        self.queue = self.new_queue()

    def new_queue(self, *args):
        queue = BareQueue(self.context, *args, simple=self.SIMPLE)
        self.addCleanup(queue.close)
        return queue

    def worker(self, *words, queue=None):
        """One that has said READY."""
        queue = queue or self.queue
        worker = self.start(self.PROGRAM, "--queue", queue.endpoint, *words)
        queue.expect(READY)
        return worker

    def stop(self, worker):
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.exits(), 0)
        self.assertIsNone(self.queue.next(0), "it leaves without a word")

    def held(self, *options):
        """A worker whose command has begun with c1's request and waits for the gate; the command's pid."""
        begun = self.path("begun")
        script = f"echo $$ > {begun}.new; mv {begun}.new {begun}; while test -e {begun} && ! test -e {self.path('gate')}; do sleep 0.01; done; echo done"
        worker = self.worker(*options, "--", "sh", "-c", script)
        self.queue.send(b"c1", b"", b"x")
        eventually(lambda: os.path.exists(begun), "the command begins")
        with open(begun, encoding="ascii") as file:
            return worker, int(file.read())

    def open_gate(self):
        self.file("gate", "")

    # ---- requests

    def test_echo_gives_envelope_and_body_back(self):
        worker = self.worker()
        for envelope in ([], [b"client"], [b"\0\xff\0", b"\1", b"\2"], [bytes([n]) * 255 for n in range(9)]):
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

    def test_command_that_fails_and_goes_on(self):
        worker = self.worker("--", "sh", "-c", "read -r what; test $what = good && exec echo fine; echo because >&2; exit 3")
        peers = {self.queue.peer}
        for _ in range(3):
            self.queue.send(b"c1", b"", b"bad\n")
            self.queue.expect(READY)
            peers.add(self.queue.peer)
        self.assertEqual(len(peers), 4 if self.SIMPLE else 1)
        self.queue.send(b"c1", b"", b"good\n")
        self.queue.expect(b"c1", b"", b"fine\n")
        said = "request not answered" if self.SIMPLE else "request given back"
        self.assertIn(f'reason="exit status 3" outcome="{said}" stderr=because', worker.err())
        self.stop(worker)

    def test_command_that_hangs(self):
        worker = self.worker("--timeout", 100, "--", "sh", "-c", "echo stuck >&2; sleep 1000 & sleep 1000")
        self.queue.send(b"c1", b"", b"x")
        self.queue.expect(READY)
        self.assertRegex(worker.err(), 'reason="no end within 100 ms" outcome=".*" stderr=stuck')
        self.stop(worker)

    def test_command_that_cannot_be_run(self):
        worker = self.worker("--", "/no/such/command")
        self.queue.send(b"c1", b"", b"x")
        self.queue.expect(READY)
        self.assertIn('command=/no/such/command reason="cannot be run: ', worker.err())
        self.stop(worker)

    # ---- queues

    def test_queue_that_restarts_is_found(self):
        endpoint = self.ipc()
        first = self.new_queue(endpoint)
        worker = self.worker(queue=first)
        first.close()
        self.queue = self.new_queue(endpoint)
        self.queue.expect(READY)
        self.queue.exchange(b"c1", b"", b"x")
        self.stop(worker)

    def test_next_queue_of_the_list(self):
        worker = self.start(self.PROGRAM, "--queue", self.ipc(), "--queue", self.queue.endpoint)
        self.queue.expect(READY)
        self.queue.exchange(b"c1", b"", b"x")
        self.stop(worker)

    # ---- the end

    def test_sigterm_finishes_the_request(self):
        worker, _ = self.held()
        worker.signal(signal.SIGTERM)
        self.assertIsNone(self.queue.next(0.2))
        self.assertTrue(worker.running())
        self.open_gate()
        self.queue.expect(b"c1", b"", b"done\n")
        self.assertEqual(worker.exits(), 0)

    def test_second_sigterm_ends_at_once(self):
        worker, command = self.held()
        worker.signal(signal.SIGTERM)
        #   Until the first has been taken, a second one would be no second.
        eventually(lambda: not self.pending(worker) & 1 << signal.SIGTERM - 1, "SIGTERM is taken")
        self.assertIsNone(self.queue.next(0.2))
        self.assertTrue(worker.running())
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.exits(), 1)
        eventually(lambda: not self.runs(command), "the command is killed")

    @staticmethod
    def pending(worker):
        """Signals that the process has not taken yet."""
        with open(f"/proc/{worker.pid}/status", encoding="ascii") as status:
            return int(dict(line.split(":", 1) for line in status)["ShdPnd"], 16)

    @staticmethod
    def runs(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                return ") Z " not in stat.read()
        except OSError:
            return False

    def test_sigterm_without_any_queue(self):
        worker = self.start(self.PROGRAM, "-v", "-v", "--queue", self.ipc())
        worker.says("READY")
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.exits(), 0)

    def test_killed_worker_and_its_successor(self):
        worker, _ = self.held()
        worker.kill()
        self.open_gate()                       # the command has outlived it, and may end
        other = self.worker()
        self.queue.exchange(b"c1", b"", b"x")
        self.stop(other)

    def test_usage(self):
        wrong = [["cat"], ["--queue", "nonsense"], ["--timeout", "x"], ["--concurrency", "2"]]
        wrong += [["--heartbeat", "100"]] if self.SIMPLE else [["--heartbeat", "x"], ["--liveness", "0"]]
        for words in wrong:
            self.assertTrue(self.runs_to(64, self.PROGRAM, *words).err(), words)

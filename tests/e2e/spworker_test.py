"""spworker against a queue that is a bare ROUTER, played by the test."""
import os
import random
import signal

import keeltest
from bare_queue import READY, BareQueue
from keeltest import eventually


class SpworkerTest(keeltest.Case):
    def setUp(self):
        super().setUp()
        self.queue = self.new_queue()

    def new_queue(self, *args):
        queue = BareQueue(self.context, *args, simple=True)
        self.addCleanup(queue.close)
        return queue

    def worker(self, *words, queue=None):
        """An spworker that has said that it is ready."""
        queue = queue or self.queue
        worker = self.start("spworker", "--queue", queue.endpoint, *words)
        queue.expect(READY)
        return worker

    def stop(self, worker):
        worker.signal(signal.SIGTERM)
        self.assertEqual(worker.exits(), 0)
        self.assertIsNone(self.queue.next(0), "it leaves without a word")

    def held(self):
        """A worker whose command has begun with c1's request and waits for the gate."""
        gate, begun = self.path("gate"), self.path("begun")
        worker = self.worker("--", "sh", "-c", f"touch {begun}; while ! test -e {gate}; do sleep 0.01; done; echo done")
        self.queue.send(b"c1", b"", b"x")
        eventually(lambda: os.path.exists(begun), "the command begins")
        return worker, gate

    def test_echo_gives_envelope_and_body_back(self):
        worker = self.worker()
        for envelope in ([], [b"client"], [b"\0\xff\0", b"\1"], [bytes([n]) * 255 for n in range(9)]):
            for body in ([b"hello"], [b""], [b"a", b"", b"\0\xff"], [b"\1"], [b"x" * (1 << 20)]):
                self.queue.exchange(*envelope, b"", *body)
        self.stop(worker)

    def test_neither_heartbeats_nor_ready_after_answers(self):
        worker = self.worker("--", "tr", "a-z", "A-Z")
        self.queue.send(b"c1", b"", b"he", b"llo")
        self.queue.expect(b"c1", b"", b"HELLO")
        self.assertIsNone(self.queue.next(0.3))
        self.assertEqual(self.queue.beats, 0)
        self.stop(worker)

    def test_failing_command_comes_back_over_a_fresh_connection(self):
        worker = self.worker("--", "sh", "-c", "read -r what; test $what = good && exec echo fine; echo because >&2; exit 3")
        peers = {self.queue.peer}
        for _ in range(3):
            self.queue.send(b"c1", b"", b"bad\n")
            self.queue.expect(READY)
            peers.add(self.queue.peer)
        self.assertEqual(len(peers), 4)
        self.queue.send(b"c1", b"", b"good\n")
        self.queue.expect(b"c1", b"", b"fine\n")
        self.assertRegex(worker.err(), "exit status 3; request not answered: because")
        self.stop(worker)

    def test_hanging_command(self):
        worker = self.worker("--timeout", 100, "--", "sleep", "1000")
        first = self.queue.peer
        self.queue.send(b"c1", b"", b"x")
        self.queue.expect(READY)
        self.assertNotEqual(self.queue.peer, first)
        self.assertIn("no end within 100 ms", worker.err())
        self.stop(worker)

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
        worker = self.start("spworker", "--queue", self.ipc(), "--queue", self.queue.endpoint)
        self.queue.expect(READY)
        self.queue.exchange(b"c1", b"", b"x")
        self.stop(worker)

    def test_garbage(self):
        worker = self.worker()
        dice = random.Random(7)
        for _ in range(2000):
            size = dice.choice((1, 1, 2, 3, 5, 14))
            frames = [dice.randbytes(dice.choice((0, 1, 1, 5, 255, 300))) for _ in range(size)]
            self.queue.socket.send_multipart([self.queue.peer, *([b""] if dice.random() < 0.5 else []), *frames])
        mark = [b"the mark", b"", b"after"]

        def echoed():
            """One that comes while another request is held is dropped, so it may take several."""
            self.queue.send(*mark)
            return self.queue.next(0.1) == mark
        eventually(echoed, "the mark comes back")
        worker.kill()

    def test_second_request_is_dropped(self):
        worker, gate = self.held()
        self.queue.send(b"c2", b"", b"x")
        self.assertIsNone(self.queue.next(0.2))
        open(gate, "w", encoding="ascii").close()
        self.queue.expect(b"c1", b"", b"done\n")
        self.queue.send(b"c3", b"", b"x")
        self.queue.expect(b"c3", b"", b"done\n")
        self.stop(worker)

    def test_sigterm_finishes_the_request(self):
        worker, gate = self.held()
        worker.signal(signal.SIGTERM)
        self.assertIsNone(self.queue.next(0.2))
        self.assertTrue(worker.running())
        open(gate, "w", encoding="ascii").close()
        self.queue.expect(b"c1", b"", b"done\n")
        self.assertEqual(worker.exits(), 0)

    def test_killed_worker_and_its_successor(self):
        worker, gate = self.held()
        worker.kill()
        open(gate, "w", encoding="ascii").close()   # the command that has outlived it ends
        other = self.worker()
        self.queue.exchange(b"c1", b"", b"x")
        self.stop(other)

    def test_frozen_worker_answers_when_it_goes_on(self):
        worker = self.worker()
        worker.signal(signal.SIGSTOP)
        self.queue.send(b"c1", b"", b"x")
        self.assertIsNone(self.queue.next(0.2))
        worker.signal(signal.SIGCONT)
        self.queue.expect(b"c1", b"", b"x")
        self.stop(worker)

    def test_usage(self):
        for words in (["cat"], ["--queue", "nonsense"], ["--timeout", "x"], ["--heartbeat", "100"]):
            self.assertTrue(self.runs_to(64, "spworker", *words).err(), words)


if __name__ == "__main__":
    keeltest.main()
